import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Fingerprint, isSsh, readable } from "@pstore/core/fingerprint";
import { readUserKey } from "@pstore/core/keys/user-key";
import { Problem } from "@pstore/core/problem";
import { inFile, type KeyFile, readKeyFile } from "../keyring/files/key-file.ts";
import { privateFile } from "../keyring/files/private-file.ts";
import type { Examination } from "./examination.ts";
import { type Finding, faultBy, ok, skipped } from "./finding.ts";

const check = "key file";

/** Whether the files of private keys can be used: those that are named, or else those of SSH keys in their usual place. */
export async function* checkKeyFiles(examination: Examination): AsyncGenerator<Finding> {
  const { options, env, kind } = examination;
  // Whoever has their key in gpg needs none.
  if (kind === "gpg") return;
  const isNamed = kind === "named";
  const names = isNamed ? options.identities : await namesInHome(env["HOME"]);
  if (names.length === 0 && kind === "ssh")
    yield skipped(check, "there is no ~/.ssh/id_*", "put the file of your key there, or give --identity");
  for (const name of names) {
    try {
      yield ok(check, await describe(name, examination));
    } catch (error) {
      const finding = faultBy(check, error, "mend that, or name another one with --identity");
      // One that is found and not named is passed over.
      const isSpared = !isNamed && (await examination.orNobody()) !== null;
      yield isSpared ? { ...finding, status: "warning" } : finding;
    }
  }
}

/** The names of SSH keys, as `~/.ssh/…`. */
async function namesInHome(home: string | undefined): Promise<readonly string[]> {
  if (!home) return [];
  const files = await readdir(join(home, ".ssh")).catch(() => []);
  return files
    .filter((name) => name.startsWith("id_") && !name.endsWith(".pub"))
    .sort()
    .map((name) => `~/.ssh/${name}`);
}

/**
 * What a key file holds.
 * @throws Problem `no-private-key`, whose sentence says what to do
 */
async function describe(name: string, examination: Examination): Promise<string> {
  const file = privateFile(name, examination.env["HOME"]);
  // What a pipe gives, it gives once: to whoever signs in.
  const status = await stat(file.path).catch(() => null);
  if (status !== null && !status.isFile() && !status.isDirectory()) return `${name} is a pipe, or the like`;
  const read = await readKeyFile(file);
  const { key, isLocked } = await (read.type === "ssh" ? sshKeyIn(read) : openpgpKeyIn(read));
  if (key !== null && isSsh(key)) examination.sshKeys.push({ name, fingerprint: key });
  const what = `${name} holds the ${read.type === "ssh" ? "SSH" : "OpenPGP"} key`;
  return `${what} ${key === null ? "(unknown before it is unlocked)" : readable(key)}, ${isLocked ? "with" : "without"} a passphrase`;
}

interface Described {
  /** `null` as long as it is locked. */
  readonly key: Fingerprint | null;
  readonly isLocked: boolean;
}

async function sshKeyIn(file: KeyFile): Promise<Described> {
  const { readSshPrivateKey } = await import("@pstore/core/ssh/private-key");
  try {
    const { publicKey, isEncrypted } = readSshPrivateKey(file.bytes.toString("latin1"));
    const key = publicKey?.fingerprint ?? (await keyBeside(file.path));
    return { key, isLocked: isEncrypted };
  } catch (error) {
    throw inFile(file.shown, error);
  } finally {
    file.bytes.fill(0);
  }
}

async function keyBeside(path: string): Promise<Fingerprint | null> {
  try {
    return (await readUserKey(await readFile(`${path}.pub`, "utf8"))).fingerprint;
  } catch (error) {
    if (error instanceof Problem || (error as NodeJS.ErrnoException).syscall !== undefined) return null;
    throw error;
  }
}

async function openpgpKeyIn(file: KeyFile): Promise<Described> {
  const { readOpenpgpPrivateKey } = await import("@pstore/core/openpgp/private-key");
  try {
    const { certificate, parts } = await readOpenpgpPrivateKey(file.bytes);
    return { key: certificate.fingerprint, isLocked: parts.some(({ isLocked }) => isLocked) };
  } catch (error) {
    throw inFile(file.shown, error);
  } finally {
    file.bytes.fill(0);
  }
}
