/** Private key files of OpenSSH (its PROTOCOL.key), which `ssh-keygen` writes. */
import { cipherOf, decryptKeyFile, type KeyCipher } from "./key-cipher.ts";
import { damagedFile, unusable, WrongPassphrase } from "./private-key-problems.ts";
import {
  ed25519PrivateKey,
  type PrivateNumbers,
  publicKeyOf,
  type RsaNumbers,
  rsaPrivateKey,
} from "./private-numbers.ts";
import type { SshKey } from "./public-key.ts";
import { WireReader } from "./wire.ts";

/** A file of whatever form, before its passphrase is known. */
export interface KeyFile {
  readonly publicKey: SshKey | null;
  readonly isEncrypted: boolean;
  open(passphrase: string | null): Promise<PrivateNumbers>;
}

/** Cipher, key derivation, and what it is about. */
interface Envelope {
  readonly cipher: KeyCipher;
  readonly kdfOptions: Uint8Array;
  readonly publicKey: SshKey;
  /** with what the cipher appends to prove that nothing was changed */
  readonly encrypted: Uint8Array;
}

const magic = "openssh-key-v1\0";

/** @throws Problem `no-private-key` */
export function readOpensshFile(text: string): KeyFile {
  const envelope = readEnvelope(decode(text));
  const { cipher, publicKey } = envelope;
  const isEncrypted = cipher.name !== "none";
  return { publicKey, isEncrypted, open: (passphrase) => open(envelope, passphrase) };
}

function decode(text: string): Uint8Array {
  const armored =
    /-----BEGIN OPENSSH PRIVATE KEY-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END OPENSSH PRIVATE KEY-----/;
  const base64 = armored.exec(text)?.[1]?.replaceAll(/[\r\n]/g, "");
  const bytes = Buffer.from(base64 ?? "", "base64");
  if (base64 === undefined || bytes.toString("base64") !== base64)
    throw damagedFile("its base64 is not whole");
  return bytes;
}

function readEnvelope(bytes: Uint8Array): Envelope {
  const reader = new WireReader(bytes, damagedFile);
  if (reader.left < magic.length || Buffer.from(reader.octets(magic.length)).toString("latin1") !== magic)
    throw damagedFile("it does not begin as it should");
  const cipher = cipherOf(reader.text());
  const kdf = reader.text();
  const kdfOptions = reader.string();
  if (kdf !== (cipher.name === "none" ? "none" : "bcrypt"))
    throw unusable(
      "its passphrase is hardened in a way that pstore does not know; `ssh-keygen -p -f FILE` mends that",
    );
  if (cipher.name === "none" && kdfOptions.length > 0) throw damagedFile("it holds more than it should");
  if (reader.uint32() !== 1) throw unusable("its file holds several keys, or none; it must hold one");
  const publicKey = publicKeyOf(Uint8Array.from(reader.string()));
  const length = reader.uint32();
  // The proof of the cipher stands behind the string, not in it.
  const encrypted = reader.octets(length + cipher.proofLength);
  reader.end();
  if (length === 0 || length % cipher.blockLength !== 0) throw damagedFile("its length is wrong");
  return { cipher, kdfOptions, publicKey, encrypted };
}

async function open(
  { cipher, kdfOptions, publicKey, encrypted }: Envelope,
  passphrase: string | null,
): Promise<PrivateNumbers> {
  const plain = await decryptKeyFile(cipher, kdfOptions, encrypted, passphrase);
  try {
    const numbers = readPrivatePart(plain, cipher);
    if (numbers.publicKey.fingerprint !== publicKey.fingerprint)
      throw damagedFile("its public part is that of another key");
    return numbers;
  } finally {
    plain.fill(0);
  }
}

/** PROTOCOL.key, section 3. */
function readPrivatePart(plain: Uint8Array, { name, blockLength }: KeyCipher): PrivateNumbers {
  const reader = new WireReader(plain, damagedFile);
  const check = reader.uint32();
  if (reader.uint32() !== check)
    throw name === "none" ? damagedFile("its check numbers differ") : new WrongPassphrase();
  const algorithmName = reader.text();
  let numbers: PrivateNumbers;
  if (algorithmName === "ssh-rsa") {
    numbers = rsaPrivateKey(readRsa(reader));
  } else if (algorithmName === "ssh-ed25519") {
    const point = reader.string();
    const secret = reader.string();
    // The seed and, once more, the point.
    if (secret.length !== 64 || Buffer.compare(secret.subarray(32), point) !== 0)
      throw damagedFile("its two public parts differ");
    numbers = ed25519PrivateKey(secret.subarray(0, 32), point);
  } else {
    throw damagedFile("it holds another kind of key than it says");
  }
  reader.string();
  const padding = reader.octets(reader.left);
  if (padding.length >= blockLength || padding.some((octet, index) => octet !== index + 1))
    throw damagedFile("its padding is wrong");
  return numbers;
}

function readRsa(reader: WireReader): RsaNumbers {
  const [n, e, d, iqmp, p, q] = Array.from({ length: 6 }, () => reader.mpint()) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  return { n, e, d, iqmp, p, q };
}
