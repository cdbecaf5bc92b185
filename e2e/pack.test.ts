// The two npm packages: each is installed on its own, from its file, without network and install scripts.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { pstore, pstoreServer } from "./support/executables.ts";
import { createFolder } from "./support/folder.ts";
import { succeed } from "./support/process.ts";
import { playSmallSession } from "./support/small-session.ts";

const root = join(import.meta.dir, "..");
const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
const names = ["pstore", "pstore-server"] as const;
const manualOf = { pstore: "pstore.1", "pstore-server": "pstore-server.8" };
const fileOf = (name: string) => join(root, "dist", `${name}-${version}.tgz`);

/** What reads manual pages: of man-db, or of mandoc. */
const reader = Bun.which("man") ?? Bun.which("mman");

let folder: string;

beforeAll(async () => {
  folder = await createFolder();
  for (const name of names) await rm(fileOf(name), { force: true });
  await succeed(["node", join(root, "scripts/project.mjs"), "pack"], { env: { HOME: folder } });
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs npm with nothing in its cache and no way to a registry, as a user who never ran it before. */
const npm = (...args: readonly string[]) =>
  succeed(["npm", ...args, "--offline", "--no-audit", "--no-fund", "--no-update-notifier"], {
    env: { HOME: join(folder, "home"), npm_config_cache: join(folder, "cache") },
    cwd: folder,
  });

const prefixOf = (name: string) => join(folder, `prefix-${name}`);
const installed = (name: string) => join(prefixOf(name), "bin", name);
const filesIn = async (path: string) => (await readdir(path)).sort();

describe("npm run pack makes", () => {
  for (const name of names) {
    test(`a ${name} package that says for which hosts it is, and runs nothing when it is installed`, async () => {
      const { text } = await succeed(["tar", "-xzOf", fileOf(name), "package/package.json"]);
      const manifest = JSON.parse(text);
      expect(manifest).toMatchObject({
        ...{ name, version, license: "MIT", bin: { [name]: name } },
        ...{ os: [process.platform], cpu: [process.arch] },
      });
      expect(Object.keys(manifest)).not.toContain("scripts");
      expect(Object.keys(manifest).filter((key) => /dependencies/i.test(key))).toEqual([]);
    });
  }
});

describe("a package that npm installed from its file into an empty folder", () => {
  beforeAll(async () => {
    for (const name of names) await npm("install", "-g", "--prefix", prefixOf(name), fileOf(name));
  }, 120_000);

  for (const name of names) {
    test(`brings ${name} and nothing else`, async () => {
      expect(await filesIn(join(prefixOf(name), "bin"))).toEqual([name]);
      expect(await filesIn(join(prefixOf(name), "lib/node_modules"))).toEqual([name]);
      expect(await filesIn(join(prefixOf(name), "lib/node_modules", name))).toEqual(
        ["LICENSE", "README.md", "package.json", name, manualOf[name]].sort(),
      );
      const { text } = await succeed([installed(name), "--version"], { env: { PATH: "" } });
      expect(text).toBe(`${name} ${version}\n`);
    });
  }

  test.skipIf(reader === null)("brings its manual, which man finds", async () => {
    for (const name of names) {
      const env = { MANPATH: join(prefixOf(name), "share/man"), MANPAGER: "cat", MANWIDTH: "80" };
      const { text } = await succeed([reader ?? "", name], { env });
      expect(text).toMatch(/^SYNOPSIS$/m);
      expect(text).toContain(name === "pstore" ? "--offboard" : "--public-url");
    }
  });

  test("works: the one stores and reads a password at the other", async () => {
    const programs = { client: installed("pstore"), server: installed("pstore-server") };
    expect(await playSmallSession(programs)).toBe("password = secret\n");
  });

  for (const name of names) {
    test(`is gone when ${name} is uninstalled`, async () => {
      await npm("uninstall", "-g", "--prefix", prefixOf(name), name);
      expect(await filesIn(join(prefixOf(name), "bin"))).toEqual([]);
      expect(await filesIn(join(prefixOf(name), "lib/node_modules"))).not.toContain(name);
      expect(await Array.fromAsync(new Bun.Glob("share/man/*/*").scan(prefixOf(name)))).toEqual([]);
    });
  }
});

test("the bare executables work when they are copied into an empty folder", async () => {
  const [client, server] = [join(folder, "bare", "pstore"), join(folder, "bare", "pstore-server")];
  await cp(pstore, client);
  await cp(pstoreServer, server);
  expect(await playSmallSession({ client, server })).toBe("password = secret\n");
});
