// Brings node_modules in line with the lockfile, and makes sure that Bun in it is Bun.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bun, Failure, npm, root, run } from "./workspace.mjs";

const lockfile = join(root, "package-lock.json");
const stamp = join(root, "node_modules/.installed-lockfile");
const npmRecord = join(root, "node_modules/.package-lock.json");

const lockfileDigest = () => createHash("sha256").update(readFileSync(lockfile)).digest("hex");

function isInstalled() {
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lockfileDigest()) return true;
  // Somebody ran `npm install` by hand: npm's own record is then as new as the lockfile.
  return existsSync(npmRecord) && statSync(npmRecord).mtimeMs >= statSync(lockfile).mtimeMs;
}

const bunWorks = async () => (await run([bun, "--version"], { capture: true })).code === 0;

/** Installs what the lockfile names, when that is not installed already. */
export async function install() {
  if (!existsSync(lockfile)) throw new Failure("package-lock.json is missing: check it out again.");
  if (!isInstalled()) {
    // `--include`: neither NODE_ENV=production nor an `omit` in someone's .npmrc may leave the tools out.
    const args = ["ci", "--include=dev", "--include=optional", "--no-audit", "--no-fund", "--loglevel=error"];
    const { code } = await npm(args, { env: { NODE_ENV: undefined } });
    if (code !== 0) throw new Failure(`npm ci failed with exit code ${code}: its messages above say why.`);
  }
  if (!(await bunWorks())) {
    // npm puts a stub in the place of Bun until the package's postinstall ran, and may refuse to run it.
    const { code, output } = await run([process.execPath, "node_modules/bun/install.js"], { capture: true });
    if (code !== 0 || !(await bunWorks())) {
      throw new Failure(
        `Bun cannot be set up: node_modules/bun/install.js says "${output.trim().split("\n").at(-1)}".`,
      );
    }
  }
  writeFileSync(stamp, lockfileDigest());
}
