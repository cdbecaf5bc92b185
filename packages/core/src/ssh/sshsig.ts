/** SSHSIG signatures (OpenSSH's PROTOCOL.sshsig), as `ssh-keygen -Y sign` makes them, without the armor. */
import { createHash, verify } from "node:crypto";
import { Problem } from "../problem.ts";
import { cryptoKeyOf } from "./crypto-key.ts";
import { numbersOf, type SshKey } from "./public-key.ts";
import { WireReader, wire, wireString } from "./wire.ts";

/** What a text is signed for. */
export type Purpose = "login" | "commit";

/** The namespace of a purpose: what `ssh-keygen -Y sign -n` takes. No signature for one passes for another. */
export function namespaceOf(purpose: Purpose): string {
  return `pstore-${purpose}`;
}

type HashName = "sha256" | "sha512";

const magic = "SSHSIG";
/** The one that there is (PROTOCOL.sshsig, section 2). */
const version = 1;
/** Signature algorithms for RSA (RFC 8332, section 3) and their hashes. `ssh-rsa` would be SHA-1. */
const rsaHashes: ReadonlyMap<string, HashName> = new Map([
  ["rsa-sha2-512", "sha512"],
  ["rsa-sha2-256", "sha256"],
]);

/**
 * Checks that a signature is by just this key over just this data, for this purpose.
 * @param signature the binary blob, which stands in base64 inside of the armor
 * @throws Problem `bad-signature`
 */
export function verifySshsig(key: SshKey, data: Uint8Array, purpose: Purpose, signature: Uint8Array): void {
  const reader = new WireReader(signature, bad);
  if (signature.length < magic.length || Buffer.from(reader.octets(6)).toString("latin1") !== magic)
    throw bad("it is no SSH signature (SSHSIG)");
  if (reader.uint32() !== version) throw bad(`it is of another version than ${version}`);
  const signer = reader.string();
  const namespace = reader.text();
  const reserved = reader.string();
  const hash = reader.text();
  const inner = reader.string();
  reader.end();
  if (Buffer.compare(signer, key.bytes) !== 0) throw bad(`it was not made by the key ${key.fingerprint}`);
  if (namespace !== namespaceOf(purpose))
    throw bad(`it was not made for the namespace ${namespaceOf(purpose)}`);
  if (reserved.length > 0) throw bad("it holds something in a reserved field");
  if (hash !== "sha256" && hash !== "sha512") throw bad("its hash algorithm is neither sha256 nor sha512");

  const { algorithm, bytes } = readInner(inner, key);
  const signed = signedData(data, purpose, hash);
  if (!verify(algorithm, signed, cryptoKeyOf(key), bytes))
    throw bad(`it was not made over this by the key ${key.fingerprint}`);
}

/** What is really signed for some data: the input of a private key's operation, or of an ssh-agent's. */
export function signedData(
  data: Uint8Array,
  purpose: Purpose,
  hash: HashName = "sha512",
): Uint8Array<ArrayBuffer> {
  const digest = createHash(hash).update(data).digest();
  return wire(magic, wireString(namespaceOf(purpose)), wireString(""), wireString(hash), wireString(digest));
}

/**
 * The SSHSIG blob around a signature over `signedData`.
 * @param inner the signature as an ssh-agent gives it: its algorithm and its bytes (RFC 4253, section 6.6)
 */
export function sshsigBlob(key: SshKey, purpose: Purpose, inner: Uint8Array): Uint8Array<ArrayBuffer> {
  return wire(
    magic,
    version,
    wireString(key.bytes),
    wireString(namespaceOf(purpose)),
    wireString(""),
    wireString("sha512"),
    wireString(inner),
  );
}

/** The signature inside, of the algorithm of the key (RFC 8332, section 3; RFC 8709, section 6). */
function readInner(inner: Uint8Array, key: SshKey): { algorithm: HashName | null; bytes: Uint8Array } {
  const reader = new WireReader(inner, bad);
  const name = reader.text();
  const bytes = reader.string();
  reader.end();
  const numbers = numbersOf(key);
  if (numbers.algorithmName === "ssh-ed25519") {
    if (name !== "ssh-ed25519" || bytes.length !== 64) throw bad("it is none of an Ed25519 key");
    return { algorithm: null, bytes };
  }
  const algorithm = rsaHashes.get(name);
  if (algorithm === undefined) throw bad("it is neither rsa-sha2-512 nor rsa-sha2-256");
  // Like OpenSSH: gpg-agent, for one, leaves out leading zeros, of which one signature in 256 has some.
  const missing = numbers.n.length - bytes.length;
  if (missing < 0 || bytes.length === 0) throw bad("it is longer than its key, or empty");
  return { algorithm, bytes: missing === 0 ? bytes : wire(new Uint8Array(missing), bytes) };
}

function bad(why: string): Problem {
  return new Problem("bad-signature", `the signature is refused: ${why}`);
}
