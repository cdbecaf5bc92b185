// Which server a client speaks to: the next one when one is down, never another store, and nothing that the folder
// it stands in could slip in.
import { Database } from "bun:sqlite";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pstore, pstoreServer } from "./support/executables.ts";
import { createFolder } from "./support/folder.ts";
import { run } from "./support/process.ts";
import { startServer, type TestServer } from "./support/server.ts";
import { createTeam, type Team, type User } from "./support/team.ts";

/** A port on which nobody listens: no system gives out the lowest ones, and their services have died out. */
const closed = "http://127.0.0.1:1";

let team: Team;
let walter: User;
/** Another name of the same server. */
let second: string;
/** Filled before the server is started again: its port is known only then. */
const serve: string[] = [];

const servers: Bun.Server<undefined>[] = [];
/** A web server of any behaviour, until the test ends. */
const serveWith = (answer: (request: Request) => Response | Promise<Response>) => {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: answer });
  servers.push(server);
  return { url: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) };
};
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true);
});

/** Passes everything on to a server that may change on the way. */
const proxyTo = (target: () => string) =>
  serveWith((request) => {
    const { pathname, search } = new URL(request.url);
    const { method, headers, body } = request;
    return fetch(target() + pathname + search, { method, headers, body, redirect: "manual" });
  });

beforeAll(async () => {
  team = await createTeam({ users: ["walter"], server: { serve } });
  walter = team.user("walter");
  second = team.server.url.replace("127.0.0.1", "localhost");
  expect((await walter.pstore(["-c", "box"], { stdin: "secret" })).code).toBe(0);
}, 60_000);
afterAll(() => team.dispose());

/** Asks each URL once: what comes of waiting for one is in restarts.test.ts. */
const with2 = (urls: readonly string[], ...args: readonly string[]) =>
  walter.pstore([...urls.map((url) => `--store-url=${url}`), "--patience=0", ...args]);

describe("of several URLs", () => {
  test("the first that answers is used", async () => {
    expect(await with2([closed, team.server.url], "box", "password")).toMatchObject({
      ...{ code: 0, text: "secret", stderr: "" },
    });
    expect((await with2([closed, closed, team.server.url], "box", "password")).text).toBe("secret");
    const written = await walter.pstore(
      [`--store-url=${closed}`, `--store-url=${team.server.url}`, "box", "-pe", "file"],
      { stdin: new Uint8Array(300_000) },
    );
    expect(written.code).toBe(0);
  });

  test.each([500, 502, 503, 504])("one that answers %d counts as down", async (status) => {
    let asked = 0;
    const { url } = serveWith(() => {
      asked++;
      return new Response("<h1>Out of order</h1>", { status });
    });
    expect(await with2([url, team.server.url], "box", "password")).toMatchObject({ code: 0, text: "secret" });
    expect(asked).toBeGreaterThan(0);
    const alone = await with2([url], "box", "password");
    expect(alone).toMatchObject({ code: 1, text: "" });
    expect(alone.stderr).toStartWith(`backend error: could not use ${url}: it answered ${status}`);
  });

  test("one that breaks off the connection counts as down", async () => {
    const broken = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { open: (socket) => void socket.end(), data() {} },
    });
    const url = `http://127.0.0.1:${broken.port}`;
    expect((await with2([url, team.server.url], "box", "password")).text).toBe("secret");
    expect((await with2([url], "box", "password")).stderr).toStartWith(
      `backend error: could not connect to ${url}`,
    );
    broken.stop(true);
  });

  test("none answers: the error names the first", async () => {
    const other = "http://127.0.0.1:2";
    for (const urls of [[closed], [closed, other], [closed, other, "http://localhost:1"]]) {
      const { code, text, stderr } = await with2(urls, "box");
      expect({ code, text }).toEqual({ code: 1, text: "" });
      expect(stderr).toMatch(/^backend error: could not connect to http:\/\/127\.0\.0\.1:1 .*\n$/);
      expect(stderr).not.toContain(other);
    }
    const { stderr } = await with2(["https://no-such-host.invalid"], "box");
    expect(stderr).toStartWith("backend error: could not connect to https://no-such-host.invalid ");
  });

  test("the command line's take the place of the file's, and without any it is told", async () => {
    expect((await with2([closed], "box")).code).toBe(1);
    await walter.configure("--user=walter");
    const { code, stderr } = await walter.pstore(["box"]);
    await walter.configure(`--store-url=${team.server.url}`, "--user=walter");
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: no store is named; give --store-url=URL, .*\n$/);
  });

  test("a server that was down is used again, with what was stored elsewhere meanwhile", async () => {
    const urls = [team.server.url, second];
    await team.server.stop();
    expect((await with2(urls, "box")).stderr).toStartWith("backend error: could not connect to ");
    await team.server.start();
    expect((await with2([team.server.url], "box", "password")).text).toBe("secret");
  });
});

describe("a store is known by its id", () => {
  let other: TestServer;
  beforeAll(async () => {
    other = await startServer();
    await other.addUser("walter", walter.gnupg);
  });
  afterAll(() => other.dispose());

  test("a second name of it is refused alone, asked about beside the first, and then known", async () => {
    const alone = await with2([second], "box", "password");
    expect(alone).toMatchObject({ code: 1, text: "" });
    expect(alone.stderr).toContain(`claims to be the store that this client knows as ${team.server.url}`);

    // The first is down, so the second is needed; nobody is there to answer.
    await team.server.stop();
    const down = await with2([team.server.url, second], "box", "password");
    expect(down.stderr).toStartWith(`backend error: could not connect to ${team.server.url}`);
    await team.server.start();
    const { url } = serveWith(() => new Response("", { status: 503 }));
    const unasked = await with2([url, second], "box", "password");
    expect(unasked).toMatchObject({ code: 1, text: "" });

    const terminal = walter.terminal([
      `--store-url=${second}`,
      `--store-url=${team.server.url}`,
      "box",
      "password",
    ]);
    await terminal.waitFor(`Use ${second} as the same store as ${team.server.url}? [y/N] `);
    terminal.type("y\r");
    expect(await terminal.exit).toMatchObject({ code: 0 });
    expect(await with2([second], "box", "password")).toMatchObject({ code: 0, text: "secret", stderr: "" });
  });

  test("another store is refused as a second URL", async () => {
    for (const urls of [
      [closed, team.server.url, other.url],
      [other.url, team.server.url],
    ]) {
      const { code, text, stderr } = await with2(urls, "box", "password");
      if (urls[0] === closed) expect({ code, text, stderr }).toEqual({ code: 0, text: "secret", stderr: "" });
      else {
        expect({ code, text }).toEqual({ code: 1, text: "" });
        expect(stderr).toContain(`${other.url} is another store than `);
      }
    }
    // Known by itself, it is still not the same.
    expect((await with2([other.url])).code).toBe(0);
    const { code, stderr } = await with2([team.server.url, other.url], "box", "password");
    expect(code).toBe(2);
    expect(stderr).toContain("are different stores");
  });

  test("another store under a URL that is known is refused, before and after a session", async () => {
    let target = team.server.url;
    const proxy = proxyTo(() => target);
    serve.push("--public-url", proxy.url, "--public-url", team.server.url);
    await team.server.restart();
    const jane = await team.add("jane");
    await jane.configure(`--store-url=${proxy.url}`, "--user=jane");
    expect((await jane.pstore(["-c", "janes"], { stdin: "hers" })).code).toBe(0);
    await using imposter = await startServer({ serve: ["--public-url", proxy.url] });
    await imposter.addUser("jane", jane.gnupg);
    target = imposter.url;
    const attempts: readonly [args: readonly string[], fresh: boolean][] = [
      [[], false],
      [[], true],
      [["janes"], true],
      [["-c", "other"], true],
    ];
    for (const [args, fresh] of attempts) {
      if (fresh) await jane.forgetSession();
      const { code, text, stderr } = await jane.pstore(args, { stdin: "x" });
      expect({ code, text }).toEqual({ code: 1, text: "" });
      expect(stderr).toMatch(/^error: .* is another store than the one that this client knows there; .*\n$/);
    }
    const database = new Database(imposter.database, { readonly: true });
    expect(database.query("SELECT count(*) AS commits FROM commits").get()).toEqual({ commits: 0 });
    database.close();
    target = team.server.url;
    expect((await jane.pstore(["janes", "password"])).text).toBe("hers");
  });
});

describe("a client does not speak in the open, nor where it is sent", () => {
  test("http:// to another host is refused, unless --allow-http", async () => {
    for (const url of [
      "http://192.0.2.1:8000",
      "http://store.invalid",
      "http://127.0.0.1.store.invalid",
      "http://0.0.0.0:1",
    ]) {
      const { code, text, stderr } = await with2([url], "box");
      expect({ code, text }).toEqual({ code: 2, text: "" });
      expect(stderr).toMatch(/^error: .* speaks http:\/\/ without TLS, .* --allow-http\n$/);
      // Neither does it help that another one is fine.
      expect((await with2([team.server.url, url], "box")).code).toBe(2);
    }
    const allowed = await with2(["http://store.invalid"], "--allow-http", "box");
    expect(allowed.stderr).toStartWith("backend error: could not connect to http://store.invalid ");
    for (const url of ["http://localhost:1", "http://127.1.2.3:1", "http://[::1]:1"]) {
      expect((await with2([url], "box")).stderr).toStartWith(`backend error: could not connect to ${url} `);
    }
  });

  test.each([301, 302, 307, 308])("a redirect by %d is not followed", async (status) => {
    let followed = false;
    const elsewhere = serveWith(() => {
      followed = true;
      return new Response("{}");
    });
    const { url } = serveWith(
      (request) =>
        new Response(null, {
          status,
          headers: { location: elsewhere.url + new URL(request.url).pathname },
        }),
    );
    const { code, text, stderr } = await with2([url], "box");
    expect({ code, text }).toEqual({ code: 1, text: "" });
    expect(stderr).toMatch(/redirects to another place, which is never followed/);
    expect(followed).toBe(false);
  });

  test("a web server that is no store is told as such", async () => {
    const { url } = serveWith(() => new Response("<h1>Welcome to nginx</h1>"));
    const { code, text, stderr } = await with2([url], "box");
    expect({ code, text }).toEqual({ code: 1, text: "" });
    expect(stderr).toContain("does not answer as a pstore server does");
  });

  test("NODE_TLS_REJECT_UNAUTHORIZED=0 is refused by both programs", async () => {
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: "0" };
    const client = await walter.pstore(["box"], { env });
    expect(client).toMatchObject({
      text: "",
      stderr: expect.stringContaining("NODE_TLS_REJECT_UNAUTHORIZED=0"),
    });
    expect(client.code).not.toBe(0);
    expect(
      (await walter.pstore(["box", "password"], { env: { NODE_TLS_REJECT_UNAUTHORIZED: "1" } })).text,
    ).toBe("secret");
    const server = await run([pstoreServer, "check", "--database", `sqlite:${team.server.database}`], {
      env,
    });
    expect(server.code).not.toBe(0);
    expect(server.stderr).toContain("NODE_TLS_REJECT_UNAUTHORIZED");
  });
});

describe("the folder that an admin stands in has no say", () => {
  test("its .env, bunfig.toml, package.json and tsconfig.json do nothing", async () => {
    const folder = await createFolder();
    const trace = join(folder, "trace");
    await writeFile(join(folder, "preload.ts"), `await Bun.write(${JSON.stringify(trace)}, "was here");`);
    await writeFile(
      join(folder, "bunfig.toml"),
      'preload = ["./preload.ts"]\n[run]\npreload = ["./preload.ts"]\n',
    );
    const settings = [
      "USER=nobody",
      "LOGNAME=nobody",
      "HOME=/nonexistent",
      "GNUPGHOME=/nonexistent",
      "NODE_TLS_REJECT_UNAUTHORIZED=0",
      "PSTORE_DATABASE=sqlite:/nonexistent/store.db",
      `BUN_OPTIONS=--preload=${join(folder, "preload.ts")}`,
    ].join("\n");
    for (const name of [".env", ".env.local", ".env.production", ".env.development"]) {
      await writeFile(join(folder, name), `${settings}\n`);
    }
    await writeFile(join(folder, "package.json"), '{"name":"x","imports":{"node:fs":"./preload.ts"}}');
    await writeFile(
      join(folder, "tsconfig.json"),
      '{"compilerOptions":{"baseUrl":".","paths":{"*":["./preload.ts"]}}}',
    );
    await mkdir(join(folder, "node_modules"));
    const before = await readdir(folder);
    await walter.configure(`--store-url=${team.server.url}`);
    const { USER: _, ...env } = walter.env;
    const found = await run([pstore, "box", "password"], {
      env: { ...env, LOGNAME: "walter" },
      cwd: folder,
    });
    expect(found).toMatchObject({ code: 0, text: "secret", stderr: "" });
    await walter.configure(`--store-url=${team.server.url}`, "--user=walter");

    const server = await run([pstoreServer, "user", "list", "--database", `sqlite:${team.server.database}`], {
      env: { HOME: folder },
      cwd: folder,
    });
    expect(server).toMatchObject({ code: 0, text: expect.stringContaining("walter") });
    for (const program of [pstore, pstoreServer]) {
      expect((await run([program, "--help"], { cwd: folder })).code).toBe(0);
    }
    expect(await readdir(folder)).toEqual(before);
    await rm(folder, { recursive: true });
  });
});
