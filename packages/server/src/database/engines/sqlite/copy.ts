import { existsSync, statSync } from "node:fs";
import { pathToFileURL } from "node:url";

/** Why a file of SQLite was not copied. */
export class CopyFault extends Error {
  /** SQLite's result code by its name; empty: the copy is there, and damaged. */
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/**
 * What copies: one call of SQLite each, which returns when all is done, so that in the thread of everything else no signal
 * would be heard meanwhile. It is a text, since a module of its own would be a second program to the bundler.
 */
const program = `
import { Database, constants } from "bun:sqlite";
self.onmessage = ({ data: { from, to } }) => {
  try {
    const source = new Database(from, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI);
    source.run("pragma busy_timeout = 10000");
    source.query("vacuum into ?").run(to);
    source.close();
    const copy = new Database(to, { readonly: true });
    const [first] = copy.query("pragma integrity_check(1)").values();
    copy.close();
    postMessage(first[0] === "ok" ? null : { message: first[0], code: "" });
  } catch (error) {
    postMessage({ message: error.message, code: error.code ?? "" });
  }
};`;

/**
 * Copies what a file of SQLite holds at one moment into a new one, and reads all of the copy once. Others read and write
 * the file meanwhile, and wait for nothing.
 * @param from is not changed, nor is anything made beside it, unless a journal lies there that belongs to it
 * @throws CopyFault
 */
export async function copySqlite(from: string, to: string): Promise<void> {
  const blob = new Blob([program], { type: "application/javascript" });
  const url = URL.createObjectURL(blob);
  const worker = new Worker(url);
  try {
    const fault = await new Promise<{ message: string; code: string } | null>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage({ from: uriOf(from), to });
    });
    if (fault !== null) throw new CopyFault(fault.message, fault.code);
  } finally {
    worker.terminate();
    URL.revokeObjectURL(url);
  }
}

/** A file that nobody uses is read as it is: SQLite would make others beside it, which not every place lets it do. */
function uriOf(path: string): string {
  const isAlone = !["-wal", "-journal"].some((suffix) => {
    const beside = `${path}${suffix}`;
    return existsSync(beside) && statSync(beside).size > 0;
  });
  const isUsed = existsSync(`${path}-shm`);
  return `${pathToFileURL(path).href}${isAlone && !isUsed ? "?immutable=1" : ""}`;
}
