import { Problem } from "@pstore/core/problem";
import type { Shell } from "../options/option.ts";

/** The script that makes a shell complete `pstore` command lines. */
export function completionScript(_shell: Shell): string {
  throw new Problem("usage", "this version cannot do that yet");
}
