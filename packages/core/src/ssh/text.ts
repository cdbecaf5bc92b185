/** What tells an SSH public key from an OpenPGP one, without reading either. */

/** A line that begins with an algorithm, or is one of authorized_keys with options in front of it, or base64 alone. */
const line = /^(?:(?:ssh|sk|ecdsa)-|[^\n]*[ \t](?:ssh|sk|ecdsa)-\S+[ \t]+AAAA|AAAA)/;

/** Other forms of keys of its kind, private ones too, which are refused with a sentence of their own. */
const blocks =
  /^(?:-----BEGIN (?:OPENSSH |RSA |EC |DSA |ENCRYPTED )?(?:PRIVATE|PUBLIC) KEY|---- BEGIN SSH2|PuTTY-User-Key-File)/;

/** Whether a key is meant to be one of OpenSSH: a line of its own form, or the bytes of its wire form (RFC 4253, section 6.6). */
export function beginsLikeSsh(input: string | Uint8Array): boolean {
  // In the wire form the length of the algorithm's name comes first; every OpenPGP packet begins with an octet over 127.
  if (typeof input !== "string" && input[0] === 0) return true;
  const text = typeof input === "string" ? input : Buffer.from(input.subarray(0, 65_536)).toString("utf8");
  const start = text.slice(0, 65_536).replace(/^\uFEFF?(?:[ \t]*(?:#[^\r\n]*)?[\r\n]+)*[ \t]*/, "");
  return line.test(start) || blocks.test(start);
}

/** A public key as a line of `id_ed25519.pub`: its algorithm, its wire form in base64, and its comment. */
export function sshLine({
  algorithmName,
  bytes,
  userIds,
}: {
  algorithmName: string;
  bytes: Uint8Array;
  userIds: readonly string[];
}): string {
  return [algorithmName, Buffer.from(bytes).toString("base64"), ...userIds].join(" ");
}
