import { Problem } from "@pstore/core/problem";
import { asciiLine } from "@pstore/core/visible";
import { CopyFault } from "../../database/engines/sqlite/copy.ts";

/** Why a store was not copied, as an error for people. */
export function copyProblem(error: unknown, from: string, to: string): unknown {
  if (!(error instanceof CopyFault)) return error;
  const [source, copy] = [from, to].map(asciiLine);
  const { code, message } = error;
  const options = { cause: error };
  if (code === "SQLITE_FULL") {
    const sentence = `${copy} could not be written to its end: the disk is full; make room and repeat the command`;
    return new Problem("local-fault", sentence, options);
  }
  if (code.startsWith("SQLITE_IOERR")) {
    const sentence = `${source} could not be copied to ${copy} (${code}: ${message}); look at the disks and repeat the command`;
    return new Problem("local-fault", sentence, options);
  }
  if (code === "SQLITE_NOTADB") {
    return new Problem(
      "unavailable",
      `${source} is no database of SQLite; give the file of a store`,
      options,
    );
  }
  if (code === "") {
    const sentence = `the copy of ${source} is damaged (${message}), and was not kept; look at both disks, and with 'pstore-server check --deep' at the store`;
    return new Problem("unavailable", sentence, options);
  }
  return new Problem(
    "unavailable",
    `${source} cannot be copied (${code}: ${message}); it may be damaged, or not yours to read`,
    options,
  );
}
