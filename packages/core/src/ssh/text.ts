/** What tells an SSH public key from an OpenPGP one, without reading either. */

/** Whether a key is meant to be one of OpenSSH: a line of its own form, or the bytes of its wire form (RFC 4253, section 6.6). */
export function beginsLikeSsh(input: string | Uint8Array): boolean {
  // In the wire form the length of the algorithm's name comes first; every OpenPGP packet begins with an octet over 127.
  if (typeof input !== "string" && input[0] === 0) return true;
  const start =
    typeof input === "string"
      ? input.slice(0, 4096)
      : Buffer.from(input.subarray(0, 4096)).toString("latin1");
  return /^\s*(?:#[^\n]*\n\s*)*(?:ssh-|sk-|ecdsa-|-----BEGIN (?:OPENSSH|RSA|EC|DSA|ENCRYPTED)? ?PRIVATE KEY|---- BEGIN SSH2)/.test(
    start,
  );
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
