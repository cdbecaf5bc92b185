// Makes the two npm packages, each with one executable and nothing that runs while it is installed.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { programs } from "./build.mjs";
import { dist, Failure, npm, root } from "./workspace.mjs";

const descriptions = {
  pstore: "Store and share passwords and files, encrypted on your machine: the client",
  "pstore-server": "Store and share passwords and files, encrypted on your machine: the server",
};

const manuals = { pstore: "pstore.1", "pstore-server": "pstore-server.8" };

/** Packs the built executables into `dist/NAME-VERSION.tgz`. */
export async function pack() {
  const { version, license } = JSON.parse(readFileSync(join(root, "packages/client/package.json"), "utf8"));
  for (const name of Object.keys(programs)) {
    // Outside of the repository: inside it npm would take the folder for a part of the workspace.
    const folder = mkdtempSync(join(tmpdir(), "pstore-pack-"));
    try {
      for (const [from, to] of [
        [join(dist, name), name],
        [join(root, "docs/man", manuals[name]), manuals[name]],
        [join(root, "README.md"), "README.md"],
        [join(root, "LICENSE"), "LICENSE"],
      ]) {
        if (!existsSync(from)) throw new Failure(`${name} cannot be packed: ${from} is missing.`);
        copyFileSync(from, join(folder, to));
      }
      const manifest = {
        name,
        version,
        description: descriptions[name],
        license,
        os: [process.platform],
        cpu: [process.arch],
        bin: { [name]: name },
        man: [manuals[name]],
        files: [name, manuals[name]],
      };
      writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
      const { code, output } = await npm(["pack", "--pack-destination", dist], {
        cwd: folder,
        capture: true,
      });
      if (code !== 0)
        throw new Failure(`npm pack of ${name} failed with exit code ${code}:\n${output.trim()}`);
      console.log(`Packed dist/${name}-${version}.tgz`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}
