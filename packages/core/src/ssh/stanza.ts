/**
 * The stanzas `ssh-rsa` and `ssh-ed25519` of age: how the key of an age file (16 bytes) is encrypted to an SSH key.
 * age's specification leaves them out; its package `agessh` (github.com/FiloSottile/age) defines them.
 */
import {
  constants,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
} from "node:crypto";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { Problem } from "../problem.ts";
import type { AgeStanza } from "./age-file.ts";
import { tagOf } from "./age-file.ts";
import { cryptoKeyOf, x25519PublicKey } from "./crypto-key.ts";
import { montgomery } from "./curve.ts";
import { numbersOf, type SshKey } from "./public-key.ts";

const oaep = {
  padding: constants.RSA_PKCS1_OAEP_PADDING,
  oaepHash: "sha256",
  oaepLabel: Buffer.from("age-encryption.org/v1/ssh-rsa"),
};
const ed25519Label = "age-encryption.org/v1/ssh-ed25519";
/** Each key encrypts once. */
const zeroNonce = new Uint8Array(12);

/** The private part of an SSH key that can unwrap: of RSA, or the X25519 key of an Ed25519 one. */
export type UnwrappingKey = KeyObject;

/** @param fileKey 16 bytes */
export function wrapFileKey(key: SshKey, fileKey: Uint8Array): AgeStanza {
  const numbers = numbersOf(key);
  const tag = tagOf(key.fingerprint);
  if (numbers.algorithmName === "ssh-rsa") {
    const body = publicEncrypt({ key: cryptoKeyOf(key), ...oaep }, fileKey);
    return { type: "ssh-rsa", tag, ephemeralShare: null, body };
  }
  const recipient = montgomery(numbers.point);
  const ephemeral = generateKeyPairSync("x25519");
  const ephemeralShare = publicBytes(ephemeral.publicKey);
  const shared = tweaked(key, exchange(ephemeral.privateKey, recipient));
  const wrapKey = derive(shared, Buffer.concat([ephemeralShare, recipient]));
  const body = chacha20poly1305(wrapKey, zeroNonce).encrypt(fileKey);
  return { type: "ssh-ed25519", tag, ephemeralShare, body };
}

/**
 * @param secret the key's private part, for its type
 * @returns 16 bytes
 * @throws Problem `bad-wrapped-key`
 */
export function unwrapFileKey(key: SshKey, secret: UnwrappingKey, stanza: AgeStanza): Uint8Array {
  try {
    const fileKey =
      stanza.ephemeralShare === null
        ? privateDecrypt({ key: secret, ...oaep }, stanza.body)
        : open(key, secret, stanza.ephemeralShare, stanza.body);
    if (fileKey.length === 16) return fileKey;
  } catch {}
  throw damaged();
}

/** A private key of X25519. @param scalar 32 bytes (RFC 7748, section 5) */
export function x25519PrivateKey(scalar: Uint8Array): KeyObject {
  // PKCS #8 around an X25519 key (RFC 8410, section 7): a JSON Web Key would have to say the public part as well.
  const key = Buffer.concat([Buffer.from("302e020100300506032b656e04220420", "hex"), scalar]);
  return createPrivateKey({ key, format: "der", type: "pkcs8" });
}

/** What every failure of opening is to a person: which of its parts is wrong tells nobody anything. */
export function damaged(): Problem {
  return new Problem(
    "bad-wrapped-key",
    "the wrapped key cannot be opened: it is damaged, or was tampered with",
  );
}

function open(key: SshKey, secret: UnwrappingKey, share: Uint8Array, body: Uint8Array): Uint8Array {
  const shared = tweaked(key, exchange(secret, share));
  const wrapKey = derive(shared, Buffer.concat([share, publicBytes(createPublicKey(secret))]));
  return chacha20poly1305(wrapKey, zeroNonce).decrypt(body);
}

/** X25519 (RFC 7748, section 6.1), which refuses a shared secret of zeros. */
function exchange(secret: KeyObject, share: Uint8Array): Buffer {
  const shared = diffieHellman({ privateKey: secret, publicKey: x25519PublicKey(share) });
  if (shared.every((octet) => octet === 0)) throw damaged();
  return shared;
}

/** Binds a shared secret to the SSH key, whose curve has been changed. */
function tweaked(key: SshKey, shared: Uint8Array): Buffer {
  const tweak = new Uint8Array(hkdfSync("sha256", new Uint8Array(0), key.bytes, ed25519Label, 32));
  return exchange(x25519PrivateKey(tweak), shared);
}

function derive(shared: Uint8Array, salt: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", shared, salt, ed25519Label, 32));
}

function publicBytes(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url");
}
