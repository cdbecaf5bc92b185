// A store in a database server, backed up and restored word for word as docs/deployment.md says.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createHomeFolder } from "./support/account.ts";
import { MariaDbServer } from "./support/databases/mariadb.ts";
import { clientOptions } from "./support/databases/mariadb-files.ts";
import { PostgresCluster } from "./support/databases/postgres.ts";
import { program, whyNoServer } from "./support/databases/programs.ts";
import { buildExecutables, pstoreServer } from "./support/executables.ts";
import { createFolder } from "./support/folder.ts";
import { createHome, generateKey } from "./support/gnupg.ts";
import { start, succeed } from "./support/process.ts";
import { does, User } from "./support/team.ts";

const documented = await readFile(join(import.meta.dir, "../docs/deployment.md"), "utf8");
const section =
  documented.split(/^## /m).find((one) => one.startsWith("Backup and restore with a database server\n")) ??
  "";
const blocks = [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);
/** The one that begins with such a command. */
const block = (beginning: RegExp): string => {
  const [found, ...others] = blocks.filter((one) => beginning.test(one));
  if (found === undefined || others.length > 0) throw new Error(`no one block is ${beginning}`);
  return found;
};

interface Engine {
  /** Starts a server with the empty database `pstore`, and says what its tools find in their environment. */
  start(
    folder: string,
  ): Promise<{ close(): Promise<void>; url(database: string): string; env: Record<string, string> }>;
  readonly name: "postgres" | "mysql";
  readonly backup: string;
  readonly load: string;
}

const engines: readonly Engine[] = [
  {
    name: "postgres",
    backup: block(/^\(umask 077; pg_dump /),
    load: block(/^createdb /),
    async start() {
      const cluster = await PostgresCluster.start();
      await cluster.createDatabase("pstore");
      const path = `${dirname(program("postgres", "pg_dump"))}:${process.env["PATH"]}`;
      const env = { PATH: path, PGHOST: cluster.folder, PGPORT: `${cluster.port}`, PGUSER: cluster.user };
      return { close: () => cluster.close(), url: (database) => cluster.url(database), env };
    },
  },
  {
    name: "mysql",
    backup: block(/^\(umask 077; mariadb-dump /),
    load: block(/^mariadb-admin /),
    async start(folder) {
      const server = await MariaDbServer.start();
      await server.createDatabase("pstore");
      const lines = (await readFile(clientOptions(server.folder), "utf8")).split("\n");
      // Not every one of its tools knows that.
      const known = lines.filter((line) => !line.startsWith("connect-timeout"));
      await writeFile(join(folder, ".my.cnf"), known.join("\n"), { mode: 0o600 });
      return { close: () => server.close(), url: (database) => server.url(database), env: { HOME: folder } };
    },
  },
];

for (const engine of engines) {
  const reason = whyNoServer(engine.name);
  if (reason !== null) console.log(reason);
  describe.skipIf(reason !== null)(`a store in ${engine.name}`, () => {
    let folder: string;
    let database: Awaited<ReturnType<Engine["start"]>>;
    let walter: User;
    const env = (name: string) => ({ HOME: folder, PSTORE_DATABASE: database.url(name) });
    const command = (name: string, args: readonly string[], stdin = "") =>
      succeed([pstoreServer, ...args], { env: env(name), stdin });

    beforeAll(async () => {
      await buildExecutables();
      folder = await createFolder();
      database = await engine.start(folder);
      const gnupg = await createHome();
      const key = await generateKey(gnupg, { userId: "walter <walter@example.com>" });
      walter = new User("walter", await createHomeFolder(), gnupg, [key]);
      await command("pstore", ["init", "--admin", "walter"]);
      await command("pstore", ["key", "add", "walter", "-"], await walter.publicKey());
    }, 60_000);
    afterAll(async () => {
      await walter?.dispose();
      await database?.close();
      await rm(folder, { recursive: true, force: true });
    });

    /** What a client does while a server serves one of the databases. */
    async function served(name: string, use: () => Promise<void>): Promise<void> {
      const server = start([pstoreServer, "serve", "--listen", "127.0.0.1:0"], { env: env(name) });
      const reader = server.stdout.getReader();
      let output = "";
      for (let done = false; !output.includes("\n") && !done; ) {
        const part = await reader.read();
        done = part.done;
        output += new TextDecoder().decode(part.value);
      }
      const [, url] = /listening on (\S+)/.exec(output) ?? [];
      if (url === undefined) throw new Error(`no server listens: ${await server.stderr.text()}`);
      try {
        await walter.configure(`--store-url=${url}`, "--user=walter");
        await use();
      } finally {
        server.kill();
        await server.exited;
      }
    }

    /** What is the same in two copies: the log alone says when each was made. */
    const digests = (text: string) =>
      text.split("\n").filter((line) => /^(?!audit)\w+ +\d+ {2}[0-9a-f]{64}$/.test(line));

    /** Runs commands of the document, with a folder of the test's in place of the host's. */
    async function perform(commands: string, name: string): Promise<string> {
      const script = commands
        .replaceAll("/var/backups/pstore", folder)
        .replaceAll("pstore-server ", `${pstoreServer} `);
      const { text } = await succeed(["sh", "-euc", script], { env: { ...env(name), ...database.env } });
      return text;
    }

    test("is backed up by the documented command, and is the same where it was loaded again", async () => {
      let before = "";
      const note = "ä 😀 \\ ' \" \n%_\u0000";
      const image = new Uint8Array(3 * 1024 * 1024).map((_, at) => at % 251);
      await served("pstore", async () => {
        await does(walter, ["-c", "box"], "first");
        await does(walter, ["box", "-ps", "image"], image);
        await does(walter, ["box", "-ps", "note"], note);
        before = (await command("pstore", ["check", "--deep"])).text;
        await perform(engine.backup, "pstore");
        await does(walter, ["box", "-pe", "password"], "second");
      });
      const [file = ""] = /\S+\/store\.(?:dump|sql)/.exec(engine.backup) ?? [];
      expect((await stat(file.replace(/^.*\/var\/backups\/pstore/, folder))).mode & 0o777).toBe(0o600);
      await perform(engine.load, "pstore");
      const printed = await perform(block(/^pstore-server restore --loaded/), "pstore_restored");
      expect(printed).toContain("objects   1\n");
      expect(printed).not.toContain("migrated");
      expect(digests(printed)).toEqual(digests(before));
      expect(digests(before).length).toBeGreaterThan(10);
      await walter.forgetState();
      await served("pstore_restored", async () => {
        expect(await does(walter, ["box", "password"])).toBe("first");
        expect(await does(walter, ["box", "note"])).toBe(note);
        const { code, stdout } = await walter.pstore(["box", "image"]);
        expect({ code, isSame: Buffer.compare(stdout, image) }).toEqual({ code: 0, isSame: 0 });
        await does(walter, ["box", "-pe", "password"], "third");
      });
    }, 60_000);

    test("has no backup of our own, and says whose", async () => {
      for (const args of [
        ["backup", "x"],
        ["restore", "x"],
      ]) {
        const ended = await start([pstoreServer, ...args], { env: env("pstore") });
        expect([await ended.exited, await ended.stderr.text()]).toEqual([
          2,
          expect.stringMatching(/with the server's own tool: .*(pg_|mariadb)/),
        ]);
      }
    });
  });
}
