/** How OpenSSH encrypts its private key files: every cipher of `ssh-keygen -Z` (its PROTOCOL.key, section 4). */
import { createDecipheriv, timingSafeEqual } from "node:crypto";
import { damagedFile, unusable, WrongPassphrase } from "./private-key-problems.ts";
import { WireReader } from "./wire.ts";

/** Lengths are in bytes. */
export interface KeyCipher {
  readonly name: string;
  readonly keyLength: number;
  readonly ivLength: number;
  readonly blockLength: number;
  /** of what proves that the key and the file are the right ones; 0 where the cipher has no such thing */
  readonly proofLength: number;
  decrypt(key: Uint8Array, iv: Uint8Array, encrypted: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** A round takes 6 to 12 ms; `ssh-keygen -a` makes 16 or 24 where nothing else is wished. */
const mostRounds = 1024;

/** @throws Problem `no-private-key` */
export function cipherOf(name: string): KeyCipher {
  const cipher = ciphers.find((one) => one.name === name);
  if (cipher !== undefined) return cipher;
  throw unusable("its cipher is unknown to pstore; `ssh-keygen -p -Z aes256-ctr -f FILE` changes it");
}

/**
 * Decrypts the secret part of a file.
 * @param kdfOptions salt and rounds of bcrypt
 * @param passphrase null where there is none
 * @throws WrongPassphrase where the cipher tells; else the plain text has to
 */
export async function decryptKeyFile(
  cipher: KeyCipher,
  kdfOptions: Uint8Array,
  encrypted: Uint8Array,
  passphrase: string | null,
): Promise<Uint8Array> {
  if (cipher.name === "none") return Uint8Array.from(encrypted);
  if (passphrase === null) throw new WrongPassphrase("it needs its passphrase");
  const secret = await bcrypt(passphrase, kdfOptions, cipher.keyLength + cipher.ivLength);
  try {
    return await cipher.decrypt(
      secret.subarray(0, cipher.keyLength),
      secret.subarray(cipher.keyLength),
      encrypted,
    );
  } finally {
    secret.fill(0);
  }
}

async function bcrypt(passphrase: string, kdfOptions: Uint8Array, length: number): Promise<Uint8Array> {
  const reader = new WireReader(kdfOptions, damagedFile);
  const salt = reader.string();
  const rounds = reader.uint32();
  reader.end();
  if (rounds > mostRounds) {
    throw unusable(
      `its passphrase is hardened with ${rounds} rounds, and pstore takes ${mostRounds}; \`ssh-keygen -p -a 100 -f FILE\` makes fewer`,
    );
  }
  if (passphrase === "") throw new WrongPassphrase();
  const { pbkdf } = await import("bcrypt-pbkdf");
  const bytes = Buffer.from(passphrase, "utf8");
  const key = new Uint8Array(length);
  if (pbkdf(bytes, bytes.length, salt, salt.length, key, length, rounds) !== 0)
    throw damagedFile("the hardening of its passphrase is none");
  bytes.fill(0);
  return key;
}

function unauthenticated(name: string, keyLength: number, blockLength: number, mode: string): KeyCipher {
  const ivLength = blockLength;
  const decrypt = (key: Uint8Array, iv: Uint8Array, encrypted: Uint8Array) => {
    const decipher = createDecipheriv(mode, key, iv).setAutoPadding(false);
    return Buffer.concat([decipher.update(encrypted), decipher.final()]);
  };
  return { name, keyLength, ivLength, blockLength, proofLength: 0, decrypt };
}

function gcm(bits: 128 | 256): KeyCipher {
  return {
    name: `aes${bits}-gcm@openssh.com`,
    keyLength: bits / 8,
    ivLength: 12,
    blockLength: 16,
    proofLength: 16,
    decrypt: (key, iv, encrypted) => {
      const decipher = createDecipheriv(`aes-${bits}-gcm`, key, iv);
      decipher.setAuthTag(encrypted.subarray(-16));
      try {
        return Buffer.concat([decipher.update(encrypted.subarray(0, -16)), decipher.final()]);
      } catch {
        throw new WrongPassphrase();
      }
    },
  };
}

/** OpenSSH's PROTOCOL.chacha20poly1305, with packet number 0 and no length to encrypt: of its two keys the first counts. */
const chachaPoly: KeyCipher = {
  name: "chacha20-poly1305@openssh.com",
  keyLength: 64,
  ivLength: 0,
  blockLength: 8,
  proofLength: 16,
  decrypt: async (keys, _iv, encrypted) => {
    const { chacha20orig } = await import("@noble/ciphers/chacha.js");
    const { poly1305 } = await import("@noble/ciphers/_poly1305.js");
    const key = keys.slice(0, 32);
    const nonce = new Uint8Array(8);
    const text = encrypted.subarray(0, -16);
    const proof = poly1305(text, chacha20orig(key, nonce, new Uint8Array(32)));
    if (!timingSafeEqual(proof, encrypted.subarray(-16))) throw new WrongPassphrase();
    return chacha20orig(key, nonce, text, undefined, 1);
  },
};

const ciphers: readonly KeyCipher[] = [
  {
    name: "none",
    keyLength: 0,
    ivLength: 0,
    blockLength: 8,
    proofLength: 0,
    decrypt: (_key, _iv, text) => text,
  },
  unauthenticated("3des-cbc", 24, 8, "des-ede3-cbc"),
  ...([128, 192, 256] as const).flatMap((bits) => [
    unauthenticated(`aes${bits}-cbc`, bits / 8, 16, `aes-${bits}-cbc`),
    unauthenticated(`aes${bits}-ctr`, bits / 8, 16, `aes-${bits}-ctr`),
  ]),
  gcm(128),
  gcm(256),
  chachaPoly,
];
