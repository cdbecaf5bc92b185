import { accessSync, constants, existsSync, readdirSync, type Stats, statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { sessionFolder } from "../state/folders.ts";
import type { Examination } from "./examination.ts";
import { type Finding, fault, faultBy, ok, warning } from "./finding.ts";

/** So little free space is nearly none, in bytes. */
const scarce = 1024 * 1024;

/** Whether what the client keeps is the user's own, and can be kept. */
export async function* checkFiles({ env, known }: Examination): AsyncGenerator<Finding> {
  if (env["HOME"])
    yield* rights("~/.pstorerc", join(env["HOME"], ".pstorerc"), "could point pstore elsewhere");
  if (known.problem !== null) yield faultBy("state", known.problem);
  if (known.folder !== null) yield* stateIn(known.folder);
  try {
    yield* sessionsIn(sessionFolder(env));
  } catch (error) {
    if (known.problem === null) yield faultBy("session", error);
  }
}

function* stateIn(folder: string): Generator<Finding> {
  const check = "state";
  const wrong = [folder, ...databaseFiles(folder)].flatMap((path) => [
    ...rights(check, path, "could change what is pinned"),
  ]);
  yield* wrong.filter(({ status }) => status !== "ok");
  const nearest = nearestOf(folder);
  try {
    accessSync(nearest, constants.W_OK | constants.X_OK);
    for (const file of databaseFiles(folder)) accessSync(file, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const found = `${nearest} cannot be written (${code}), so nothing is remembered and nothing can be stored`;
    yield fault(check, found, "make it writable, or set XDG_STATE_HOME");
    return;
  }
  const { blocks, bavail, bsize } = statfsSync(nearest);
  if (blocks > 0 && bavail * bsize < scarce)
    yield fault(check, `the disk of ${nearest} is full`, "make room there");
  else if (wrong.every(({ status }) => status === "ok")) {
    yield ok(
      check,
      nearest === folder
        ? `${folder} is yours alone, and can be written`
        : `there is no ${folder} yet, and it can be made`,
    );
  }
}

/** The database, and what SQLite may keep beside it. */
function databaseFiles(folder: string): readonly string[] {
  return ["state.db", "state.db-journal", "state.db-wal", "state.db-shm"]
    .map((name) => join(folder, name))
    .filter((path) => existsSync(path));
}

function* sessionsIn(folder: string): Generator<Finding> {
  const check = "session";
  if (!existsSync(folder)) {
    yield ok(check, `there is no ${folder} yet`);
    return;
  }
  const files = readdirSync(folder).map((name) => join(folder, name));
  const wrong = [folder, ...files.filter(isFile)]
    .flatMap((path) => [...rights(check, path, "could act as you", true)])
    .filter(({ status }) => status !== "ok");
  yield* wrong;
  if (wrong.length === 0) yield ok(check, `${folder} is yours alone`);
}

/**
 * Whether a file or folder is the user's own, and what others may do with it.
 * @param harm what others could do if they may change it
 * @param isSecret whether they could do so too if they may only read it
 */
function* rights(check: string, path: string, harm: string, isSecret = false): Generator<Finding> {
  let status: Stats;
  try {
    status = statSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") yield ok(check, `there is no ${path}`);
    else yield faultBy(check, error);
    return;
  }
  const { uid, mode } = status;
  const shown = (mode & 0o7777).toString(8).padStart(4, "0");
  const remedy = `chmod ${status.isDirectory() ? 700 : 600} ${path}`;
  const own = process.geteuid?.() ?? uid;
  // root may do all that anyway.
  if (uid !== own && uid !== 0)
    yield fault(check, `${path} belongs to another user (uid ${uid}), who ${harm}`, "make it your own");
  else if ((mode & 0o022) !== 0 || (isSecret && (mode & 0o077) !== 0))
    yield fault(check, `${path} is open to others (mode ${shown}), who ${harm}`, remedy);
  else if ((mode & 0o077) !== 0)
    yield warning(check, `${path} can be read by others (mode ${shown})`, remedy);
  else yield ok(check, `${path} is yours alone`);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** The folder, or the nearest one above it that is there. */
function nearestOf(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestOf(dirname(folder));
}
