// Files of the repository that are made from the programs' own tables and texts. A test holds them to these; after a
// change of an option or of a help text, `npm run generate` writes them anew.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { completionScript } from "../packages/client/src/cli/completion/script.ts";
import { clientPage } from "./manual/client.ts";
import { serverPage } from "./manual/server.ts";

/** When the manual pages were last looked through, for their foot. */
const date = "November 23, 2026";

const root = dirname(import.meta.dir);

/** Path in the repository → content. */
export async function generated(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ["contrib/completion/pstore.bash", completionScript("bash")],
    ["contrib/completion/_pstore", completionScript("zsh")],
    ["contrib/completion/pstore.fish", completionScript("fish")],
    ["docs/man/pstore.1", await clientPage(date)],
    ["docs/man/pstore-server.8", await serverPage(date)],
  ]);
}

if (import.meta.main) {
  for (const [path, text] of await generated()) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
    console.log(`Wrote ${path}`);
  }
}
