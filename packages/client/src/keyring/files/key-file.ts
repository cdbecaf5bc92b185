import { Problem } from "@pstore/core/problem";
import { forShell, type PrivateFile, readPrivate } from "./private-file.ts";

/** A private key in a file, told apart and not yet read. */
export interface KeyFile extends PrivateFile {
  readonly type: "ssh" | "openpgp";
  readonly bytes: Buffer;
}

/** The most that a key file may hold, in bytes: OpenPGP keys with the signatures of many others are large. */
const largest = 1024 * 1024;

const wanted = { noun: "key file", namedBy: "--identity, $PSTORE_IDENTITY or ~/.pstorerc" };

/**
 * Reads the file of a private key.
 * @throws Problem `no-private-key`, whose sentence says what to do
 */
export async function readKeyFile(file: PrivateFile): Promise<KeyFile> {
  const bytes = await readPrivate(file, wanted, largest, (read) => typeOf(read) !== null);
  if (bytes === null) throw refused(`${file.shown} is over 1 MiB, as no key is`);
  const type = typeOf(bytes);
  if (type !== null) return { ...file, type, bytes };
  throw refused(whyNone(bytes, file));
}

/** What to do where a file holds another key than the one that is needed. */
export const another = "give the file of that one as --identity";

function typeOf(bytes: Uint8Array): KeyFile["type"] | null {
  if (bytes.length === 0) return null;
  const first = bytes[0] ?? 0;
  // The header of a secret key packet, of the old form and of the new one (RFC 9580, section 4.2).
  if ((first & 0xfc) === 0x94 || first === 0xc5) return "openpgp";
  const text = latin1(bytes);
  if (/-----BEGIN PGP (?:PRIVATE|SECRET) KEY BLOCK-----/.test(text)) return "openpgp";
  return /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/.test(text) ? "ssh" : null;
}

/** What is wrong with a file that holds no private key: what people give by mistake has a sentence of its own. */
function whyNone(bytes: Uint8Array, { shown }: PrivateFile): string {
  const name = forShell(shown);
  const text = latin1(bytes);
  const begins = (bytes[0] ?? 0) & 0xfc;
  if (text.trim() === "") return `${shown} is empty; name the file of your private key`;
  if (/^PuTTY-User-Key-File-\d/.test(text))
    return `${shown} is a key of PuTTY; puttygen ${name} -O private-openssh -o NEW makes a file that pstore reads`;
  if (text.includes("BEGIN SSH2 ENCRYPTED PRIVATE KEY"))
    return `${shown} is a key of ssh.com; ssh-keygen -i -f ${name} prints it in the form of OpenSSH, which pstore reads`;
  if (/AGE-SECRET-KEY-|AGE-PLUGIN-/.test(text))
    return `${shown} is an identity of age's own; pstore uses keys of OpenSSH and OpenPGP: ssh-keygen -t ed25519 makes one`;
  if (/^age-encryption\.org\/|BEGIN AGE ENCRYPTED FILE/.test(text))
    return `${shown} is encrypted with age; decrypt it first, and name what comes out`;
  if (/BEGIN PGP PUBLIC KEY BLOCK/.test(text) || begins === 0x98 || bytes[0] === 0xc6)
    return `${shown} is a public key; the private one comes from gpg --armor --export-secret-keys`;
  if (/^\s*(?:ssh|ecdsa|sk)-\S+ AAAA/m.test(text) || /BEGIN (?:RSA |SSH2 )?PUBLIC KEY/.test(text))
    return `${shown} is a public key; name the private one, which lies beside it without .pub`;
  if (/BEGIN PGP MESSAGE/.test(text))
    return `${shown} is encrypted with OpenPGP; decrypt it first, and name what comes out`;
  return `${shown} is no private key that pstore knows; name a file that ssh-keygen or gpg --armor --export-secret-keys has written`;
}

/** What tells the kinds apart stands in front. */
function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 65_536)).toString("latin1");
}

function refused(sentence: string): Problem {
  return new Problem("no-private-key", sentence);
}

/** What is wrong with a key, with the name of its file. */
export function inFile(shown: string, error: unknown): unknown {
  if (!(error instanceof Problem)) return error;
  return new Problem("no-private-key", `${shown}: ${error.message}`, { cause: error });
}
