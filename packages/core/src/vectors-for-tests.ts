import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The description of the formats, whose test vectors are compared with the code. */
export const formats = readFileSync(join(import.meta.dir, "../../../docs/formats.md"), "utf8");

/** The content of the block that `docs/formats.md` marks so, its last line feed included. */
export function vector(name: string): string {
  const found = [...formats.matchAll(/^```\w+ vector-([a-z]+)\n([^`]*)^```$/gm)].filter(
    (match) => match[1] === name,
  );
  expect(found).toHaveLength(1);
  return found[0]?.[2] ?? "";
}
