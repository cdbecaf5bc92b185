// A database made in a database server, and a store made in it or moved there, word for word as docs/deployment.md says.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MariaDbServer } from "./support/databases/mariadb.ts";
import { clientOptions } from "./support/databases/mariadb-files.ts";
import { PostgresCluster } from "./support/databases/postgres.ts";
import { program, whyNoServer } from "./support/databases/programs.ts";
import { buildExecutables, pstoreServer } from "./support/executables.ts";
import { createFolder } from "./support/folder.ts";
import { succeed } from "./support/process.ts";

const documented = await readFile(join(import.meta.dir, "../docs/deployment.md"), "utf8");
const section =
  documented.split(/^## /m).find((one) => one.startsWith("A database server in place of the file\n")) ?? "";
const blocks = [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);
/** The one that begins with such a command. */
const block = (beginning: string): string => {
  const [found, ...others] = blocks.filter((one) => one.startsWith(beginning));
  if (found === undefined || others.length > 0) throw new Error(`no one block begins with ${beginning}`);
  return found;
};

const password = block("install -d /etc/pstore\n");
const url = block("PSTORE_DATABASE=");
const move = block("systemctl stop ");

let folder: string;
beforeAll(buildExecutables);
beforeEach(async () => {
  folder = await createFolder();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs commands of the document one after the other in one shell, with what is this test's in place of the host's. */
async function perform(
  parts: readonly string[],
  host: { readonly url: string; readonly env: Record<string, string> },
): Promise<string> {
  const script = parts
    .join("")
    .replaceAll("/etc/pstore", folder)
    .replaceAll("/var/lib/pstore", folder)
    .replace("chown pstore ", 'chown "$(id -un)" ')
    .replace("postgres://pstore@db.example.com/pstore", host.url)
    .replaceAll(/^systemctl .*\n/gm, "")
    .replaceAll("pstore-server ", `${pstoreServer} `);
  return (await succeed(["sh", "-euc", script], { env: { HOME: folder, ...host.env } })).text;
}

describe.skipIf(whyNoServer("postgres") !== null)("PostgreSQL", () => {
  test("gets a database in which a store is made", async () => {
    await using cluster = await PostgresCluster.start();
    const path = `${dirname(program("postgres", "psql"))}:${process.env["PATH"]}`;
    const env = { PATH: path, PGHOST: cluster.folder, PGPORT: `${cluster.port}`, PGUSER: cluster.user };
    const at = { url: `postgres://pstore@127.0.0.1:${cluster.port}/pstore`, env };
    expect(await perform([password, block("psql "), url], at)).toContain("\nadmin     walter\n");
    expect((await stat(join(folder, "database-password"))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(folder, "server.env"), "utf8")).toBe(
      `PSTORE_DATABASE=${at.url}?password-file=${folder}/database-password\n`,
    );
    const owner =
      "select pg_get_userbyid(datdba), rolsuper, rolcreatedb from pg_database, pg_roles where datname = 'pstore' and rolname = 'pstore'";
    expect(await cluster.query(owner)).toBe("pstore|f|f");
  }, 60_000);
});

describe.skipIf(whyNoServer("mysql") !== null)("MariaDB", () => {
  test("gets a database into which a store moves", async () => {
    await using server = await MariaDbServer.start();
    const lines = (await readFile(clientOptions(server.folder), "utf8")).split("\n");
    // Not every one of its tools knows that.
    const known = lines.filter((line) => !line.startsWith("connect-timeout"));
    await writeFile(join(folder, ".my.cnf"), known.join("\n"), { mode: 0o600 });
    const file = `sqlite:${join(folder, "store.db")}`;
    const env = { HOME: folder, PSTORE_DATABASE: file };
    await succeed([pstoreServer, "init", "--admin", "walter"], { env });
    const at = { url: `mysql://pstore@127.0.0.1:${server.port}/pstore`, env: {} };
    const without = url.replace(/^pstore-server init .*\n/m, "");
    const text = await perform([password, block("mariadb "), without, move], at);
    const digests = text.split("\n").filter((line) => line.startsWith("digest "));
    // What the copy says, and what the check says of it.
    expect(digests).toEqual([expect.stringMatching(/[0-9a-f]{64}$/), digests[0] ?? ""]);
    const old = await succeed([pstoreServer, "check", "--deep"], { env });
    expect(old.text).toContain(`${digests[0]}\n`);
    const rights = await server.query("show grants for pstore@'%'");
    expect(rights.replace(/ IDENTIFIED BY .*/, "")).toBe(
      "GRANT USAGE ON *.* TO `pstore`@`%`\nGRANT ALL PRIVILEGES ON `pstore`.* TO `pstore`@`%`",
    );
  }, 60_000);
});
