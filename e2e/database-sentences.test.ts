// What whoever runs pstore-server is told when a database cannot be used, by real servers: in one sentence, without the
// password, and soon.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { makeCertificate } from "./support/certificate.ts";
import { freshDatabase } from "./support/databases/fresh.ts";
import { MariaDbServer } from "./support/databases/mariadb.ts";
import { freePort } from "./support/databases/ports.ts";
import { PostgresPair } from "./support/databases/postgres-pair.ts";
import { program, whyNoServer } from "./support/databases/programs.ts";
import type { UrlOptions } from "./support/databases/url.ts";
import { buildExecutables, pstoreServer } from "./support/executables.ts";
import { createFolder } from "./support/folder.ts";
import { run, start, succeed } from "./support/process.ts";

/** Milliseconds that a database which does not answer is waited for, and some for a busy machine. */
const soon = 9000;
const password = "S3cret-pass+word";

const init = ["init", "--admin", "ann"];
const list = ["user", "list"];
const serve = ["serve", "--listen", "127.0.0.1:0"];

let folder: string;
beforeAll(async () => {
  await buildExecutables();
  folder = await createFolder();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const command = (args: readonly string[], url: string) => [pstoreServer, ...args, "--database", url];

/** What a command says that fails. */
async function refusal(args: readonly string[], url: string): Promise<string> {
  const { code, text, stderr } = await run(command(args, url), { env: { HOME: folder }, timeout: soon });
  expect({ code, text }).toEqual({ code: 1, text: "" });
  expect(stderr).not.toMatch(/S3cret|%2B/);
  expect(stderr).toMatch(/^pstore-server: [^\n]*\n$/);
  return stderr.slice("pstore-server: ".length, -1);
}

const succeeds = (args: readonly string[], url: string) =>
  succeed(command(args, url), { env: { HOME: folder } });

/** The command or statement that a refusal to make a store where one was begun names. */
function whatEmptiesIt(said: string): string {
  const [, anew] =
    / has the tables of a store that was never finished: what makes it is still at work, or was killed; if it was, empty it with '([^']*)' and try again$/.exec(
      said,
    ) ?? [];
  if (anew === undefined) throw new Error(said);
  return anew;
}

interface Server {
  url(database: string, options?: UrlOptions): string;
  query(sql: string, database?: string): Promise<string>;
  createDatabase(name: string): Promise<void>;
  readonly port: number;
}

/** What both engines are asked alike. */
interface Case {
  readonly engine: "postgres" | "mysql";
  readonly server: () => Server;
  readonly says: {
    readonly noDatabase: string;
    readonly noUser: RegExp;
    readonly noPassword: RegExp;
    readonly noRights: string;
  };
}

function tellsTheSame({ engine, server, says }: Case): void {
  const user = { user: "joe", password };
  const shown = (database: string, who = "admin", hosts = `127.0.0.1:${server().port}`) =>
    `the database ${engine}://${who}@${hosts}/${database}`;
  const unreached = "see whether the database server runs and is reached from here";

  test("there is no such database, or no such user, or another password", async () => {
    for (const args of [init, list])
      expect(await refusal(args, server().url("nope"))).toBe(
        `${shown("nope")} cannot be used (${says.noDatabase}`,
      );
    expect(await refusal(list, server().url("store", { password }))).toMatch(says.noUser);
    expect(await refusal(serve, server().url("store", { user: "nobody1", password }))).toMatch(says.noUser);
    expect(await refusal(list, server().url("store", { password: "" }))).toMatch(says.noPassword);
  });

  test("nobody listens at its port or socket, its host has no name, or two hosts are away", async () => {
    const [one, two] = [await freePort(), await freePort()];
    const at = (hosts: string) => `${engine}://joe:${encodeURIComponent(password)}@${hosts}/store`;
    expect(await refusal(list, at(`127.0.0.1:${one}`))).toBe(
      `${shown("store", "joe", `127.0.0.1:${one}`)} cannot be used (connect ECONNREFUSED 127.0.0.1:${one}); ${unreached}`,
    );
    const both = `127.0.0.1:${one},127.0.0.1:${two}`;
    expect(await refusal(serve, at(both))).toBe(
      `${shown("store", "joe", both)} cannot be used (connect ECONNREFUSED 127.0.0.1:${two}); ${unreached}`,
    );
    expect(await refusal(init, at("nowhere.invalid:1"))).toMatch(
      /^the database \w+:\/\/joe@nowhere\.invalid:1\/store cannot be used \(getaddrinfo \w+ nowhere\.invalid\); see whether/,
    );
    expect(await refusal(list, `${at("")}?socket=${folder}/none`)).toMatch(
      /^the database \w+:\/\/joe@\/store\?socket=\S+\/none cannot be used \(connect ENOENT \S+\); see whether/,
    );
  });

  test("what listens there says nothing", async () => {
    const silent = createServer(() => {});
    const port = await new Promise<number>((resolve) =>
      silent.listen({ port: 0, host: "127.0.0.1" }, () =>
        resolve((silent.address() as { port: number }).port),
      ),
    );
    const url = `${engine}://joe:${encodeURIComponent(password)}@127.0.0.1:${port}/store`;
    for (const said of await Promise.all([refusal(serve, url), refusal(init, url)])) {
      expect(said).toStartWith(`${shown("store", "joe", `127.0.0.1:${port}`)} cannot be used (`);
      expect(said).toEndWith(`); ${unreached}`);
    }
    silent.close();
  });

  test("it is not empty, no store, or one of another version", async () => {
    expect(await refusal(init, server().url("store"))).toBe(
      `${shown("store")} is not empty (it has the table 'audit'); a new store needs an empty database of its own`,
    );
    await server().createDatabase("other");
    const notOurs = `${shown("other")} is not a pstore store; give another one, or make a store with 'pstore-server init'`;
    expect(await refusal(serve, server().url("other"))).toBe(notOurs);
    await server().query("create table theirs (id int)", "other");
    expect(await refusal(list, server().url("other"))).toBe(notOurs);
    expect(await refusal(init, server().url("other"))).toBe(
      `${shown("other")} is not empty (it has the table 'theirs'); a new store needs an empty database of its own`,
    );

    await server().query("insert into migrations values ('9999-future', '')", "store");
    expect(await refusal(serve, server().url("store"))).toBe(
      `${shown("store")} was used by a newer pstore-server (it has '9999-future'); install that version`,
    );
    await server().query("delete from migrations where name >= '0010'", "store");
    expect(await refusal(serve, server().url("store"))).toBe(
      `${shown("store")} is of an older version; stop the server and run 'pstore-server migrate'`,
    );
  });

  test("its user may make no tables", async () => {
    await server().createDatabase("theirs");
    if (engine === "mysql") await server().query("grant select on theirs.* to joe@'%'");
    expect(await refusal(init, server().url("theirs", user))).toBe(
      `the user of the store's database may not do that (${says.noRights}); give it all rights on that database, also to make tables`,
    );
  });
}

/** Makes a client's certificate by the authority of a server. */
async function clientCertificate(server: { readonly caFile: string }) {
  const own = dirname(server.caFile);
  await makeCertificate(own, "client", { extension: "basicConstraints=CA:FALSE\n", issuer: "authority" });
  const files = { sslcert: join(own, "client.pem"), sslkey: join(own, "client.key") };
  return { sslmode: "verify-full", sslrootcert: server.caFile, ...files };
}

/** What both engines say of TLS alike. */
function keepsToTls(engine: Case["engine"], server: () => Server & { readonly caFile: string }): void {
  const withTls = (parameters: Record<string, string>) => server().url("secured", { parameters });

  test("is spoken to as it is asked for", async () => {
    await server().createDatabase("secured");
    await succeeds(init, server().url("secured"));
    for (const sslmode of ["disable", "require"]) await succeeds(list, withTls({ sslmode }));
    const sslrootcert = server().caFile;
    await succeeds(list, withTls({ sslmode: "verify-full", sslrootcert }));
  });

  test("is not spoken to when its certificate is another's, or of nobody whom we know", async () => {
    const sslmode = "verify-full";
    const sslrootcert = server().caFile;
    const advice = "give its authority's certificate with sslrootcert=FILE, or see sslmode in the URL";
    await makeCertificate(folder, "stranger", { extension: "basicConstraints=critical,CA:TRUE\n" });
    for (const parameters of [{ sslmode }, { sslmode, sslrootcert: join(folder, "stranger.pem") }])
      expect(await refusal(list, withTls(parameters))).toEndWith(
        `cannot be used (unable to verify the first certificate); ${advice}`,
      );
    const elsewhere = (url: string) => url.replace("127.0.0.1", "127.0.0.2");
    const said = await refusal(list, elsewhere(withTls({ sslmode, sslrootcert })));
    expect(said).toContain("127.0.0.2 is not in the cert's list");
    expect(said).toEndWith(advice);
    expect(await refusal(list, withTls({ sslmode, sslrootcert: "/etc/hostname" }))).toEndWith(advice);
  });

  test("is not spoken to without TLS where it was asked for", async () => {
    const { url, drop } = await freshDatabase(engine);
    for (const sslmode of ["require", "verify-full"])
      expect(await refusal(init, `${url}?sslmode=${sslmode}`)).toMatch(
        /does not support \w+ connections?\); let it have a certificate, or give sslmode=disable where nobody else is on the way to it$/,
      );
    await drop();
  });
}

describe.skipIf(whyNoServer("postgres") !== null)("PostgreSQL", () => {
  let pair: PostgresPair;
  beforeAll(async () => {
    pair = await PostgresPair.start({ tls: true, settings: { listen_addresses: "127.0.0.1,127.0.0.2" } });
    await pair.primary.query(`create role joe login password '${password}'`);
    await pair.createDatabase("store");
    await succeeds(init, pair.primary.url("store"));
  });
  afterAll(() => pair?.close());

  describe("is not used, and why", () => {
    tellsTheSame({
      engine: "postgres",
      server: () => pair.primary,
      says: {
        noDatabase: `database "nope" does not exist); make it with 'createdb --encoding=UTF8 --template=template0 --owner=admin nope'`,
        noUser:
          /cannot be used \(password authentication failed for user "(\w+)"\); check the password of its user \1$/,
        noPassword: /client password must be a string\); check the password of its user admin$/,
        noRights: "permission denied for schema public",
      },
    });

    test("an 'init' there was killed: what is said to empty it does so", async () => {
      const { primary } = pair;
      await pair.createDatabase("begun");
      // All tables come at once, but for those that say how far it is.
      await primary.query(
        `create function slow() returns event_trigger language plpgsql as
           $$ begin if to_regclass('objects') is not null then perform pg_sleep(60); end if; end $$;
         create event trigger slowly on ddl_command_end when tag in ('CREATE TABLE') execute function slow()`,
        "begun",
      );
      const child = start(command(init, primary.url("begun")), { env: { HOME: folder } });
      const asleep = "from pg_stat_activity where wait_event = 'PgSleep'";
      await primary.until("makes tables", `select count(*) ${asleep}`, (count) => count === "1");
      child.kill("SIGKILL");
      await child.exited;
      await primary.query(`select pg_terminate_backend(pid) ${asleep}`);
      await primary.query("drop event trigger slowly; drop function slow", "begun");
      const anew = whatEmptiesIt(await refusal(init, primary.url("begun")));
      const path = `${dirname(program("postgres", "psql"))}:${process.env["PATH"]}`;
      const env = { PATH: path, PGHOST: primary.folder, PGPORT: `${primary.port}`, PGUSER: primary.user };
      await succeed(["sh", "-c", anew], { env });
      await succeeds(init, primary.url("begun"));
    });

    test("it is a standby", async () => {
      const advice = "give a host that takes writes, or several, of which one does";
      for (const args of [list, init, serve])
        expect(await refusal(args, pair.standby.url("store"))).toEndWith(
          `cannot be used (the server is a standby, which takes no writes); ${advice}`,
        );
    });

    test("its encoding has not all letters", async () => {
      for (const encoding of ["LATIN1", "SQL_ASCII"]) {
        const name = encoding.toLowerCase();
        await pair.primary.query(
          `create database ${name} encoding '${encoding}' locale 'C' template template0`,
        );
        expect(await refusal(init, pair.primary.url(name))).toBe(
          `the database postgres://admin@127.0.0.1:${pair.primary.port}/${name} is in the encoding ${encoding}, which has not all letters; make it anew with 'dropdb ${name} && createdb --encoding=UTF8 --template=template0 --owner=admin ${name}'`,
        );
      }
    });
  });

  describe("with TLS", () => {
    keepsToTls("postgres", () => pair.primary);

    test("is shown the client's own certificate where it wants one", async () => {
      const { primary } = pair;
      const { sslcert, sslkey, ...without } = await clientCertificate(primary);
      const rules = join(primary.folder, "data/pg_hba.conf");
      const wanting = "hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n";
      await writeFile(rules, `${wanting}${await readFile(rules, "utf8")}`);
      await primary.query(`alter system set ssl_ca_file = '${primary.caFile}'`);
      await primary.query("select pg_reload_conf()");
      expect(await refusal(list, primary.url("secured", { parameters: without }))).toEndWith(
        "cannot be used (connection requires a valid client certificate); check its user, what the server's pg_hba.conf allows, and whether it wants a certificate (sslcert=FILE and sslkey=FILE)",
      );
      await succeeds(list, primary.url("secured", { parameters: { ...without, sslcert, sslkey } }));
    });
  });
});

describe.skipIf(whyNoServer("mysql") !== null)("MariaDB", () => {
  let server: MariaDbServer;
  beforeAll(async () => {
    server = await MariaDbServer.start({ tls: true, settings: { "bind-address": "127.0.0.1,127.0.0.2" } });
    await server.query(`create user joe@'%' identified by '${password}'`);
    await server.createDatabase("store");
    await succeeds(init, server.url("store"));
  });
  afterAll(() => server?.close());

  describe("is not used, and why", () => {
    tellsTheSame({
      engine: "mysql",
      server: () => server,
      says: {
        noDatabase:
          "Unknown database 'nope'); make it and let its user have it: 'create database nope; grant all on nope.* to admin'",
        noUser:
          /cannot be used \(Access denied for user '(\w+)'@'localhost' \(using password: YES\)\); check its user \1, the password, and whether/,
        noPassword: /\(using password: NO\)\); check its user admin, the password, and whether/,
        noRights: "CREATE command denied to user 'joe'@'localhost' for table `theirs`.`migrations`",
      },
    });

    test("an 'init' there was killed: what is said to empty it does so", async () => {
      await server.createDatabase("begun");
      const child = start(command(init, server.url("begun")), { env: { HOME: folder } });
      const tables = "select count(*) from information_schema.tables where table_schema = 'begun'";
      await server.until("has some tables", tables, (count) => Number(count) > 3);
      child.kill("SIGKILL");
      await child.exited;
      expect(Number(await server.query(tables))).toBeLessThan(20);
      await server.query(whatEmptiesIt(await refusal(init, server.url("begun"))));
      await succeeds(init, server.url("begun"));
    });

    test("it is read-only", async () => {
      await server.query("set global read_only = 1");
      const advice = "give a host that takes writes, or several, of which one does";
      for (const args of [list, init, serve])
        expect(await refusal(args, server.url("store"))).toEndWith(
          `cannot be used (the server is read-only); ${advice}`,
        );
      await server.query("set global read_only = 0");
    });
  });

  describe("with TLS", () => {
    keepsToTls("mysql", () => server);

    test("is shown the client's own certificate where it wants one", async () => {
      const { sslcert, sslkey, ...without } = await clientCertificate(server);
      await server.restart([`--ssl-ca=${server.caFile}`]);
      await server.query("alter user joe@'%' require x509; grant all on secured.* to joe@'%'");
      const user = { user: "joe", password };
      expect(await refusal(list, server.url("secured", { ...user, parameters: without }))).toEndWith(
        "check its user joe, the password, and whether it wants a certificate (sslcert=FILE and sslkey=FILE)",
      );
      await succeeds(list, server.url("secured", { ...user, parameters: { ...without, sslcert, sslkey } }));
    });
  });
});
