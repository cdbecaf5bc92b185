/** SSH private keys: all forms that ssh-keygen writes, unlocked in process. */
import { type KeyObject, sign } from "node:crypto";
import type { Fingerprint } from "../fingerprint.ts";
import { readAgeFile, tagOf } from "./age-file.ts";
import { readOpensshFile } from "./openssh-file.ts";
import { readPemFile } from "./pem-file.ts";
import { unusable } from "./private-key-problems.ts";
import type { PrivateNumbers } from "./private-numbers.ts";
import type { SshKey } from "./public-key.ts";
import { type Purpose, signedData, sshsigBlob } from "./sshsig.ts";
import { wire, wireString } from "./wire.ts";

export { WrongPassphrase } from "./private-key-problems.ts";

/** A private key as its file holds it. */
export interface LockedSshKey {
  /** null where it stands only in the encrypted part */
  readonly publicKey: SshKey | null;
  readonly isEncrypted: boolean;
  /**
   * @param passphrase null where the key is not encrypted
   * @throws WrongPassphrase
   * @throws Problem `no-private-key`
   */
  unlock(passphrase: string | null): Promise<SshPrivateKey>;
}

/** A private key that is ready for use. */
export interface SshPrivateKey {
  readonly publicKey: SshKey;
  /** @returns an SSHSIG blob */
  sign(data: Uint8Array, purpose: Purpose): Uint8Array;
  /**
   * @returns the session key (32 bytes), or null when the wrapped key is for another key
   * @throws Problem `bad-wrapped-key`
   */
  unwrap(wrapped: Uint8Array): Promise<Uint8Array | null>;
}

/** The largest file that is read, in characters: an RSA key of 16384 bits takes 13,000. */
const largestFile = 65_536;

/**
 * Reads the file of a private key: OpenSSH's own form, or PEM (PKCS #1 and PKCS #8).
 * @throws Problem `no-private-key`, whose sentence says why
 */
export function readSshPrivateKey(text: string): LockedSshKey {
  if (text.length > largestFile) throw unusable("it is over 64 KiB, as no key is");
  const [, label] = /-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----/.exec(text) ?? [];
  if (label === undefined) throw unusable(whyNone(text));
  const file = label === "OPENSSH PRIVATE KEY" ? readOpensshFile(text) : readPemFile(text, label);
  return {
    publicKey: file.publicKey,
    isEncrypted: file.isEncrypted,
    unlock: async (passphrase) => ready(await file.open(passphrase)),
  };
}

function whyNone(text: string): string {
  if (/^\s*(?:ssh|ecdsa|sk)-\S+ AAAA|BEGIN (?:RSA |SSH2 )?PUBLIC KEY/m.test(text))
    return "it is a public key; give the file beside it, without .pub";
  if (text.includes("PuTTY-User-Key-File"))
    return "it is in the form of PuTTY; PuTTYgen exports it as an OpenSSH key";
  if (text.includes("BEGIN SSH2 ENCRYPTED PRIVATE KEY"))
    return "it is in the form of ssh.com; `ssh-keygen -i -f FILE` prints it in that of OpenSSH";
  return "it is no file of an SSH private key";
}

function ready({ publicKey, signing, opener }: PrivateNumbers): SshPrivateKey {
  return {
    publicKey,
    sign: (data, purpose) => {
      const inner = innerSignature(publicKey, signing, signedData(data, purpose));
      return sshsigBlob(publicKey, purpose, inner);
    },
    unwrap: async (wrapped) => {
      if (!isFor(wrapped, publicKey.fingerprint)) return null;
      const { unwrapWithSsh } = await import("./wrapped-key.ts");
      return unwrapWithSsh(publicKey, opener(), wrapped);
    },
  };
}

/** Whether a wrapped key is for this key, as far as it says itself. */
function isFor(wrapped: Uint8Array, key: Fingerprint): boolean {
  // A wrapped key for OpenPGP begins with an octet over 127.
  return (wrapped[0] ?? 0) < 0x80 && readAgeFile(wrapped).tag === tagOf(key);
}

/** As an ssh-agent would sign (RFC 8332, section 3; RFC 8709, section 6). */
function innerSignature(key: SshKey, signing: KeyObject, data: Uint8Array): Uint8Array {
  const isRsa = key.algorithmName === "ssh-rsa";
  const signature = sign(isRsa ? "sha512" : null, data, signing);
  return wire(wireString(isRsa ? "rsa-sha2-512" : "ssh-ed25519"), wireString(signature));
}
