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

/**
 * Opens the stanza of a wrapped key with the private part of an SSH key.
 * @returns 16 bytes, if nothing was changed
 * @throws whatever its cryptography throws
 */
export type StanzaOpener = (stanza: AgeStanza) => Uint8Array;

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
  const shared = exchange(tweakOf(key), exchange(ephemeral.privateKey, recipient));
  const wrapKey = derive(shared, Buffer.concat([ephemeralShare, recipient]));
  const body = chacha20poly1305(wrapKey, zeroNonce).encrypt(fileKey);
  return { type: "ssh-ed25519", tag, ephemeralShare, body };
}

/** @param secret the private part of an RSA key */
export function rsaOpener(secret: KeyObject): StanzaOpener {
  return ({ body }) => privateDecrypt({ key: secret, ...oaep }, body);
}

/**
 * @param key an Ed25519 key
 * @param scalar its private part as X25519 takes it: the first 32 bytes of the SHA-512 of its seed
 */
export function ed25519Opener(key: SshKey, scalar: Uint8Array): StanzaOpener {
  const secret = x25519PrivateKey(scalar);
  const recipient = publicBytes(createPublicKey(secret));
  const tweak = tweakOf(key);
  return ({ ephemeralShare, body }) => {
    if (ephemeralShare === null) throw damaged();
    const shared = exchange(tweak, exchange(secret, ephemeralShare));
    const wrapKey = derive(shared, Buffer.concat([ephemeralShare, recipient]));
    return chacha20poly1305(wrapKey, zeroNonce).decrypt(body);
  };
}

/** @throws Problem `bad-wrapped-key` */
export function unwrapFileKey(open: StanzaOpener, stanza: AgeStanza): Uint8Array {
  try {
    const fileKey = open(stanza);
    if (fileKey.length === 16) return fileKey;
  } catch {}
  throw damaged();
}

/** What every failure of opening is to a person: which of its parts is wrong tells nobody anything. */
export function damaged(): Problem {
  return new Problem(
    "bad-wrapped-key",
    "the wrapped key cannot be opened: it is damaged, or was tampered with",
  );
}

/** X25519 (RFC 7748, section 6.1), which refuses a shared secret of zeros. */
function exchange(secret: KeyObject, share: Uint8Array): Buffer {
  const shared = diffieHellman({ privateKey: secret, publicKey: x25519PublicKey(share) });
  if (shared.every((octet) => octet === 0)) throw damaged();
  return shared;
}

/** Binds a shared secret to the SSH key, of which X25519 sees only half: as a second private key, to exchange with. */
function tweakOf(key: SshKey): KeyObject {
  const none = new Uint8Array(0);
  return x25519PrivateKey(new Uint8Array(hkdfSync("sha256", none, key.bytes, ed25519Label, 32)));
}

/** @param scalar 32 bytes (RFC 7748, section 5) */
function x25519PrivateKey(scalar: Uint8Array): KeyObject {
  // PKCS #8 (RFC 8410, section 7): a JSON Web Key would have to say the public part as well.
  const key = Buffer.concat([Buffer.from("302e020100300506032b656e04220420", "hex"), scalar]);
  return createPrivateKey({ key, format: "der", type: "pkcs8" });
}

function derive(shared: Uint8Array, salt: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", shared, salt, ed25519Label, 32));
}

function publicBytes(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url");
}
