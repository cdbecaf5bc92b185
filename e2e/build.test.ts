// The executables: each is one file that needs nothing else on the host, and minds nothing that lies around.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { buildExecutables, pstore, pstoreServer } from "./support/executables.ts";
import { createFolder } from "./support/folder.ts";
import { run, succeed } from "./support/process.ts";
import { playSmallSession } from "./support/small-session.ts";

const programs = [pstore, pstoreServer];

let folder: string;

beforeAll(async () => {
  await buildExecutables();
  folder = await createFolder();
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("an executable", () => {
  for (const program of programs) {
    const name = basename(program);

    test(`of ${name} runs in an empty environment, from the root folder`, async () => {
      const { text, stderr } = await succeed(["/usr/bin/env", "-i", program, "--version"], { cwd: "/" });
      expect(text).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+\\n$`));
      expect(stderr).toBe("");
    });

    test(`of ${name} links to the C library alone`, async () => {
      const { text } = await succeed(["ldd", program]);
      const libraries = text
        .split("\n")
        .map((line) => basename(line.trim().split(/[\s(]/)[0] ?? ""))
        .filter((library) => library !== "");
      expect(libraries).toContain("libc.so.6");
      for (const library of libraries)
        expect(library).toMatch(/^(?:linux-vdso|ld-linux.*|lib(?:c|m|dl|pthread|rt))\.so\.\d+$/);
    });

    test(`of ${name} is of the size that the documentation speaks of`, async () => {
      const { size } = await stat(program);
      console.log(`${name}: ${(size / 1e6).toFixed(1)} MB`);
      expect(size).toBeLessThan(130e6);
    });

    test(`of ${name} runs nothing that lies in the folder where the user stands`, async () => {
      const trap = join(folder, `trap-${name}`);
      await mkdir(trap);
      await writeFile(join(trap, "trap.ts"), 'console.log("sprung");');
      await writeFile(join(trap, "bunfig.toml"), 'preload = ["./trap.ts"]\n');
      await writeFile(join(trap, ".env"), "BUN_OPTIONS=--preload=./trap.ts\nHOME=/nowhere\n");
      await writeFile(join(trap, "package.json"), '{"type":"commonjs","bin":"./trap.ts"}');
      await writeFile(join(trap, "tsconfig.json"), "no JSON");
      const { text, stderr } = await succeed([program, "--version"], { cwd: trap });
      expect(text).toMatch(new RegExp(`^${name} \\d`));
      expect(stderr).toBe("");
    });
  }

  test("needs no other program but gpg: a session with nothing else on the PATH", async () => {
    const path = join(folder, "bin");
    await mkdir(path);
    const { text } = await run(["sh", "-c", "command -v gpg"]);
    await symlink(text.trim(), join(path, "gpg"));
    const env = { PATH: path };
    expect(await playSmallSession({ client: pstore, server: pstoreServer, env })).toBe("password = secret\n");
  });
});
