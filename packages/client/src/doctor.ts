import { Problem } from "@pstore/core/problem";
import type { Arguments } from "./cli/words.ts";
import type { Io, Output } from "./io.ts";

/** `pstore --doctor`: looks whether all is well, also where no other command comes far. @returns the exit status */
export async function examine(_args: Arguments, _io: Io, _output: Output): Promise<number> {
  throw new Problem("usage", "--doctor is not there yet");
}
