/** The numbers of a private key, checked to belong together before anything is done with them. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { Problem } from "../problem.ts";
import { base64url } from "./crypto-key.ts";
import { damagedFile } from "./private-key-problems.ts";
import { readSshKey, type SshKey } from "./public-key.ts";
import { ed25519Opener, rsaOpener, type StanzaOpener } from "./stanza.ts";
import { wire, wireMpint, wireString } from "./wire.ts";

/** A private key, ready for use. */
export interface PrivateNumbers {
  readonly publicKey: SshKey;
  readonly signing: KeyObject;
  /** Made when first asked for. */
  readonly opener: () => StanzaOpener;
}

/** Of an RSA key (RFC 8017, section 3.2); big-endian, without leading zeros. `iqmp` is the inverse of q modulo p. */
export interface RsaNumbers {
  n: Uint8Array;
  e: Uint8Array;
  d: Uint8Array;
  p: Uint8Array;
  q: Uint8Array;
  iqmp: Uint8Array;
}

/**
 * An RSA key. A file whose numbers do not fit each other would let its private part be computed from what it signs.
 * @throws Problem `no-private-key`
 */
export function rsaPrivateKey(numbers: RsaNumbers): PrivateNumbers {
  const publicKey = publicKeyOf(wire(wireString("ssh-rsa"), wireMpint(numbers.e), wireMpint(numbers.n)));
  const n = integer(numbers.n);
  const e = integer(numbers.e);
  const d = integer(numbers.d);
  const p = integer(numbers.p);
  const q = integer(numbers.q);
  const iqmp = integer(numbers.iqmp);
  const fits =
    p > 2n &&
    q > 2n &&
    p * q === n &&
    d < n &&
    iqmp < p &&
    (e * d) % (p - 1n) === 1n &&
    (e * d) % (q - 1n) === 1n &&
    (iqmp * q) % p === 1n;
  if (!fits) throw damagedFile("its numbers do not fit each other");
  const key = {
    kty: "RSA",
    n: base64url(numbers.n),
    e: base64url(numbers.e),
    d: base64url(numbers.d),
    p: base64url(numbers.p),
    q: base64url(numbers.q),
    dp: base64url(octets(d % (p - 1n))),
    dq: base64url(octets(d % (q - 1n))),
    qi: base64url(numbers.iqmp),
  };
  const signing = imported(() => createPrivateKey({ key, format: "jwk" }));
  return { publicKey, signing, opener: () => rsaOpener(signing) };
}

/**
 * An Ed25519 key.
 * @param seed 32 bytes (RFC 8032, section 5.1.5)
 * @param point the public key that stands beside it in the file
 * @throws Problem `no-private-key`
 */
export function ed25519PrivateKey(seed: Uint8Array, point: Uint8Array | null): PrivateNumbers {
  if (seed.length !== 32) throw damagedFile("its length is wrong");
  // PKCS #8 (RFC 8410, section 7) holds the seed alone: the public part is computed, and not believed.
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const signing = imported(() => createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }));
  pkcs8.fill(0);
  const own = Buffer.from(createPublicKey(signing).export({ format: "jwk" }).x ?? "", "base64url");
  if (point !== null && !own.equals(point)) throw damagedFile("its public part is that of another key");
  const publicKey = publicKeyOf(wire(wireString("ssh-ed25519"), wireString(own)));
  const scalar = createHash("sha512").update(seed).digest().subarray(0, 32);
  let opener: StanzaOpener | undefined;
  return { publicKey, signing, opener: () => (opener ??= ed25519Opener(publicKey, scalar)) };
}

/** An RSA or Ed25519 key that `node:crypto` read. @throws Problem `no-private-key` */
export function fromKeyObject(key: KeyObject): PrivateNumbers {
  const { kty, crv, x = "", n = "", e = "", d = "", p = "", q = "", qi = "" } = key.export({ format: "jwk" });
  const bytes = (text: string) => trimmed(Buffer.from(text, "base64url"));
  if (kty === "RSA")
    return rsaPrivateKey({
      n: bytes(n),
      e: bytes(e),
      d: bytes(d),
      p: bytes(p),
      q: bytes(q),
      iqmp: bytes(qi),
    });
  if (crv !== "Ed25519") throw damagedFile("it is of another kind than it says");
  return ed25519PrivateKey(Buffer.from(d, "base64url"), Buffer.from(x, "base64url"));
}

/** The public key of a private one's file. @throws Problem `no-private-key` */
export function publicKeyOf(bytes: Uint8Array): SshKey {
  try {
    return readSshKey(bytes);
  } catch (error) {
    if (error instanceof Problem) throw new Problem("no-private-key", error.message);
    throw error;
  }
}

function imported(make: () => KeyObject): KeyObject {
  try {
    return make();
  } catch {
    throw damagedFile("its numbers are those of no key");
  }
}

function integer(magnitude: Uint8Array): bigint {
  return BigInt(`0x0${Buffer.from(magnitude).toString("hex")}`);
}

function octets(number: bigint): Uint8Array {
  const hex = number.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
}

function trimmed(magnitude: Buffer): Uint8Array {
  const first = magnitude.findIndex((octet) => octet !== 0);
  return magnitude.subarray(first < 0 ? magnitude.length : first);
}
