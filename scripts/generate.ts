// Files of the repository that are made from the programs' own tables and texts. A test holds them to these; after a
// change of an option or of a help text, `npm run generate` writes them anew.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { completionScript } from "../packages/client/src/cli/completion/script.ts";

const root = dirname(import.meta.dir);

/** Path in the repository → content. */
export async function generated(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ["contrib/completion/pstore.bash", completionScript("bash")],
    ["contrib/completion/_pstore", completionScript("zsh")],
    ["contrib/completion/pstore.fish", completionScript("fish")],
  ]);
}

if (import.meta.main) {
  for (const [path, text] of await generated()) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
    console.log(`Wrote ${path}`);
  }
}
