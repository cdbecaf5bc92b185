// Compiles the two programs into executables that need nothing else on the host.
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { bun, dist, Failure, root, run } from "./workspace.mjs";

/** Executable → its first module, and flags of its own. */
export const programs = {
  // A command ends before compiling its code further would pay; where it does pay, the client says so itself.
  pstore: { entry: "packages/client/src/bin.ts", flags: ["--compile-jit-policy=100"] },
  // Much of what a server does in its first minutes it does seldom: compiled later, it costs less time and memory, and what it
  // does often is as quick.
  "pstore-server": { entry: "packages/server/src/bin.ts", flags: ["--compile-jit-policy=4"] },
};

// Without the last two, a compiled program runs code named by `.env` and `bunfig.toml` of whatever folder
// the user stands in. With splitting, what is imported on demand is also loaded on demand: else all of it is, at every
// start. Without the format, `--bytecode` means CommonJS, which has no top-level await.
const flags = [
  "--compile",
  "--minify",
  "--bytecode",
  "--format=esm",
  "--splitting",
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
];

/** Every file that the executables are made from, in a fixed order. */
function sources() {
  const files = ["package-lock.json", "tsconfig.json", "scripts/build.mjs"];
  for (const name of readdirSync(join(root, "packages")).sort()) {
    const folder = join("packages", name);
    files.push(join(folder, "package.json"));
    if (!existsSync(join(root, folder, "src"))) continue;
    const inside = readdirSync(join(root, folder, "src"), { recursive: true, withFileTypes: true });
    for (const entry of inside) {
      if (!entry.isFile() || entry.name.includes(".test.")) continue;
      files.push(join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1));
    }
  }
  return files.filter((file) => existsSync(join(root, file))).sort();
}

function sourcesDigest() {
  const hash = createHash("sha256");
  for (const file of sources())
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update("\0");
  return hash.digest("hex");
}

/** Builds `dist/pstore` and `dist/pstore-server` when their sources changed since the last build. */
export async function build() {
  mkdirSync(dist, { recursive: true });
  const digest = sourcesDigest();
  for (const [name, { entry, flags: own }] of Object.entries(programs)) {
    const target = join(dist, name);
    const stamp = join(dist, `.${name}.sources`);
    if (existsSync(target) && existsSync(stamp) && readFileSync(stamp, "utf8") === digest) continue;
    if (!existsSync(join(root, entry)))
      throw new Failure(`dist/${name} cannot be built: there is no ${entry}.`);
    // Beside the target and renamed in place: who runs the program meanwhile has the old or the new one whole.
    const workshop = mkdtempSync(join(dist, ".build-"));
    try {
      const outfile = join(workshop, name);
      const argv = [bun, "build", ...flags, ...own, `--outfile=${outfile}`, join(root, entry)];
      const { code, output } = await run(argv, { capture: true, cwd: workshop });
      if (code !== 0 || !existsSync(outfile)) {
        throw new Failure(`bun build of ${entry} failed with exit code ${code}:\n${output.trim()}`);
      }
      renameSync(outfile, target);
      writeFileSync(stamp, digest);
      console.log(`Built dist/${name}`);
    } finally {
      rmSync(workshop, { recursive: true, force: true });
    }
  }
}
