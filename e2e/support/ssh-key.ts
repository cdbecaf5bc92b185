// Real keys of OpenSSH, as ssh-keygen makes them.
import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type Fingerprint, parseFingerprint } from "@pstore/core/fingerprint";
import type { Purpose } from "@pstore/core/keys/signature";
import { succeed } from "./process.ts";

export interface SshKeyOptions {
  readonly type: "ed25519" | "rsa" | "ecdsa" | "dsa";
  /** Default: 3072 for RSA, as ssh-keygen has it. */
  readonly bits?: number;
  /** Default: none. */
  readonly passphrase?: string;
  /** How often the passphrase is hashed (`-a`). Default: once, the least. */
  readonly rounds?: number;
  /** The form of the private key (`-m`). Default: OpenSSH's own. */
  readonly format?: "PEM" | "PKCS8";
  /** Default: none. */
  readonly comment?: string;
}

export interface SshTestKey {
  /** The path of the private key, mode 0600; the public one lies beside it as `.pub`. */
  readonly file: string;
  /** The public key, as in the `.pub` file, without the line feed. */
  readonly line: string;
  /** As manifests name it. */
  readonly fingerprint: Fingerprint;
  readonly passphrase: string | null;
}

/** Makes a key at a path, and its folder where that is missing (mode 0700). */
export async function generateSshKey(file: string, options: SshKeyOptions): Promise<SshTestKey> {
  const { type, passphrase, rounds = 1, format, comment = "" } = options;
  const bits = options.bits ?? (type === "rsa" ? 3072 : undefined);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await succeed([
    ...["ssh-keygen", "-q", "-t", type, "-C", comment, "-N", passphrase ?? "", "-f", file],
    ...(bits === undefined ? [] : ["-b", `${bits}`]),
    ...(passphrase === undefined || format !== undefined ? [] : ["-a", `${rounds}`]),
    ...(format === undefined ? [] : ["-m", format]),
  ]);
  const line = (await readFile(`${file}.pub`, "utf8")).trimEnd();
  const { text } = await succeed(["ssh-keygen", "-l", "-f", `${file}.pub`]);
  const fingerprint = parseFingerprint(`ssh:${text.split(" ")[1]}`);
  return { file, line, fingerprint, passphrase: passphrase ?? null };
}

/** The namespace in which a text for a purpose is signed. */
export const namespaceOf = (purpose: Purpose) => `pstore-${purpose}`;

/**
 * A signature that ssh-keygen makes, in its armor.
 * @param key without a passphrase
 */
export async function signArmored(
  key: SshTestKey,
  text: string,
  namespace: string,
  ...options: readonly string[]
): Promise<string> {
  if (key.passphrase !== null) throw new Error(`${key.file} has a passphrase, and nobody types it.`);
  const argv = ["ssh-keygen", "-Y", "sign", "-q", "-n", namespace, ...options, "-f", key.file];
  return (await succeed(argv, { stdin: text })).text;
}

/** The same as the API carries it: the base64 of the blob inside of the armor. */
export async function signBlob(
  key: SshTestKey,
  text: string,
  namespace: string,
  ...options: readonly string[]
): Promise<string> {
  const armored = await signArmored(key, text, namespace, ...options);
  return armored.replace(/-----[^-]+-----|\s/g, "");
}
