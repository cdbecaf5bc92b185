// Looks for a secret wherever something else than the program that needs it could read it, while that program runs.
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

export interface Places {
  /** Folders that are searched whole. */
  readonly folders: readonly string[];
  /** Folders of which only what was written since `since` is searched: those that all programs share. */
  readonly shared?: readonly string[];
  readonly since: Date;
  /** Texts that are at hand, by what they are: logs, output. */
  readonly texts: Readonly<Record<string, string>>;
}

/** A file over this size, in bytes, is no place for a password, and other people's tests write such. */
const maxFile = 64 * 1024 * 1024;

/**
 * Every place that holds the secret, as it is or in hexadecimal digits or base64: for example `/proc/12/environ (sh)`.
 * Command lines and environments of all processes are always looked at.
 */
export async function findSecret(secret: string | Uint8Array, places: Places): Promise<string[]> {
  const bytes = Buffer.from(secret);
  const needles = [bytes, bytes.toString("hex"), ...inBase64(bytes)];
  const holds = (bytes: Buffer) => needles.some((needle) => bytes.includes(needle));
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    for (const file of ["cmdline", "environ"]) {
      const bytes = await contents(`/proc/${pid}/${file}`);
      if (!holds(bytes)) continue;
      const name = (await contents(`/proc/${pid}/comm`)).toString().trim();
      found.push(`/proc/${pid}/${file} (${name})`);
    }
  }
  const search = async (folder: string, since: number) => {
    for (const path of await filesIn(folder)) {
      const status = await stat(path).catch(() => null);
      if (!status?.isFile() || status.size > maxFile || status.mtimeMs < since) continue;
      if (holds(await contents(path))) found.push(path);
    }
  };
  for (const folder of places.folders) await search(folder, 0);
  for (const folder of places.shared ?? ["/tmp", "/var/tmp", "/dev/shm"])
    await search(folder, places.since.getTime());
  for (const [what, text] of Object.entries(places.texts)) if (holds(Buffer.from(text))) found.push(what);
  return found;
}

/** What of the base64 of bytes does not depend on what stands before and behind them. */
function inBase64(bytes: Uint8Array): string[] {
  return [0, 1, 2].map((shift) => {
    const digits = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64");
    return digits.slice(shift === 0 ? 0 : shift + 1, -4);
  });
}

/** What cannot be read, since it is gone by now, holds nothing. */
const contents = (path: string) => readFile(path).catch(() => Buffer.alloc(0));

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const nested = entries.map(async (entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesIn(path);
    return entry.isFile() ? [path] : [];
  });
  return (await Promise.all(nested)).flat();
}
