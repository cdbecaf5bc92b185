// nginx with TLS in front of the server, configured as docs/deployment.md says: nothing is lost, kept or believed there.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeCertificate } from "./support/certificate.ts";
import { createFolder } from "./support/folder.ts";
import { nginxPorts, startNginx, type TestNginx } from "./support/nginx.ts";
import { succeed } from "./support/process.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";

const megabyte = 1_000_000;

let folder: string;
let team: Team;
let walter: User;
let nginx: TestNginx;
/** The file of the authority that signed nginx's certificate. */
let authority: string;

const tls = (name: string) => ({
  certificate: join(folder, `${name}.pem`),
  key: join(folder, `${name}.key`),
});
const server = () => new URL(team.server.url).host;

beforeAll(async () => {
  folder = await createFolder();
  const authorities = { extension: "basicConstraints=critical,CA:TRUE\n" };
  await makeCertificate(folder, "authority", authorities);
  await makeCertificate(folder, "stranger", authorities);
  const [here, elsewhere] = ["localhost", "store.example.com"].map((name) => ({
    extension: `subjectAltName=DNS:${name}\n`,
    issuer: "authority",
  })) as [{ extension: string; issuer: string }, { extension: string; issuer: string }];
  await makeCertificate(folder, "good", here);
  await makeCertificate(folder, "past", { ...here, days: -1 });
  await makeCertificate(folder, "elsewhere", elsewhere);
  await makeCertificate(folder, "strange", { ...here, issuer: "stranger" });
  authority = join(folder, "authority.pem");
  const ports = nginxPorts();
  const url = `https://localhost:${ports.tls}`;
  const serve = ["--public-url", url, "--trusted-proxy", "127.0.0.1"];
  team = await createTeam({ users: ["walter"], server: { serve } });
  walter = team.user("walter");
  await walter.configure(`--store-url=${url}`, "--user=walter", `--ca-file=${authority}`);
  nginx = await startNginx({ ...tls("good"), server: server() }, ports);
}, 60_000);
afterAll(async () => {
  await nginx?.dispose();
  await team?.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** A request as any program would send it. */
const ask = (path: string, init: RequestInit = {}) =>
  fetch(`${nginx.url}${path}`, {
    redirect: "manual",
    tls: { ca: Bun.file(authority) },
    ...init,
  } as RequestInit);

describe("a client", () => {
  test("sets, lists and gets with --ca-file", async () => {
    await does(walter, ["-c", "box"], "secret");
    await does(walter, ["box", "-ps", "note"], "seen");
    expect(await does(walter, [])).toContain("box");
    expect(await does(walter, ["box", "password"])).toBe("secret");
    expect(await does(walter, ["-s", "note=seen"])).toContain("box");
    expect(await does(walter, ["--doctor"])).toContain("as it is pinned");
  });

  test("does with NODE_EXTRA_CA_CERTS, too", async () => {
    await walter.configure(`--store-url=${nginx.url}`, "--user=walter");
    await walter.forgetSession();
    const trusting = await walter.pstore(["box", "password"], { env: { NODE_EXTRA_CA_CERTS: authority } });
    expect(trusting).toMatchObject({ code: 0, text: "secret", stderr: "" });
    expect(await walter.pstore(["box", "password"])).toMatchObject({ code: 1, text: "" });
    await walter.configure(`--store-url=${nginx.url}`, "--user=walter", `--ca-file=${authority}`);
  });

  test("sends and gets 200 MB that no file of nginx ever holds", async () => {
    const [sent, got] = [join(folder, "sent"), join(folder, "got")];
    const piece = crypto.getRandomValues(new Uint8Array(65_536));
    const writer = Bun.file(sent).writer();
    for (let size = 0; size < 200 * megabyte; size += piece.length) writer.write(piece);
    await writer.end();
    await does(walter, ["box", "-pe", "large"], Bun.file(sent));
    await does(walter, ["box", "large", "-o", got]);
    await succeed(["cmp", sent, got]);
    for (const name of [sent, got]) await rm(name);
    // nginx warns of each such file, and leaves the numbered folders in which it made it.
    expect(nginx.errors).not.toContain("buffered to a temporary file");
    for (const kind of ["body", "proxy"]) expect(await readdir(join(nginx.folder, kind))).toEqual([]);
  }, 120_000);

  test("asks with addresses as long as the server takes them", async () => {
    const path = (length: number) => `/api/v1/users?name=${"x".repeat(length)}`;
    // It is told by the server that it is not signed in, and by nobody that its address is too long.
    expect((await ask(path(14_000))).status).toBe((await fetch(`${team.server.url}${path(14_000)}`)).status);
    expect((await ask(path(14_000))).status).toBe(401);
  });
});

describe("a wrong certificate is refused with what to do, and nothing is sent", () => {
  const cases = [
    {
      name: "strange",
      reason: "its TLS certificate is not by a known authority",
      remedy:
        "nothing was sent; if the authority is your own, name the file of its certificate: --ca-file=FILE",
    },
    {
      name: "past",
      reason: "its TLS certificate has expired",
      remedy: "nothing was sent; have whoever runs the server renew it, if the clock here is right",
    },
    {
      name: "elsewhere",
      reason: "its TLS certificate is for another host",
      remedy: "nothing was sent; give a --store-url with a name that it is for, or have it made for this one",
    },
  ];
  test.each(cases)("$name: $reason", async ({ name, reason, remedy }) => {
    await using wrong = await startNginx({ ...tls(name), server: server() });
    for (const caFile of [[`--ca-file=${authority}`], []]) {
      await walter.configure(`--store-url=${wrong.url}`, "--user=walter", ...caFile);
      const env: Record<string, string> = caFile.length === 0 ? { NODE_EXTRA_CA_CERTS: authority } : {};
      const refused = await walter.pstore(["-c", "other"], { stdin: "secret", env });
      expect(refused).toMatchObject({
        code: 1,
        text: "",
        stderr: `backend error: could not connect to ${wrong.url} (${reason}); ${remedy}\n`,
      });
    }
    await walter.configure(`--store-url=${nginx.url}`, "--user=walter", `--ca-file=${authority}`);
    await wrong.stop();
    expect(await wrong.requests()).toBe("");
  });
});

describe("http://", () => {
  const plain = (path: string) => fetch(`http://127.0.0.1:${nginx.plainPort}${path}`, { redirect: "manual" });

  test("sends browsers to https://, and programs nowhere", async () => {
    const page = await plain("/users?q=a%20b");
    expect(page.status).toBe(308);
    expect(page.headers.get("location")).toBe("https://localhost/users?q=a%20b");
    const refused = await plain("/api/v1/objects");
    expect({ status: refused.status, text: await refused.text() }).toEqual({
      status: 403,
      text: "This store speaks https:// alone.\n",
    });
  });

  test("is told by the client as what it is", async () => {
    const url = `http://localhost:${nginx.plainPort}`;
    const { code, text, stderr } = await walter.pstore([`--store-url=${url}`, "box"]);
    expect({ code, text }).toEqual({ code: 1, text: "" });
    expect(stderr).toContain(`${url}: it answered 403, but not as a pstore server does; check --store-url`);
  });

  test("serves what an authority asks for before it gives a certificate", async () => {
    const challenge = join(nginx.folder, ".well-known/acme-challenge");
    await mkdir(challenge, { recursive: true });
    await writeFile(join(challenge, "token"), "proof");
    await succeed(["chmod", "-R", "a+rX", nginx.folder]);
    expect(await (await plain("/.well-known/acme-challenge/token")).text()).toBe("proof");
  });
});

describe("what passes through", () => {
  test("the sign-in page has the server's headers and those of TLS, and is not compressed", async () => {
    const page = await ask("/sign-in", { headers: { "accept-encoding": "gzip" } });
    expect(page.status).toBe(200);
    const of = (name: string) => page.headers.get(name);
    expect(of("content-type")).toStartWith("text/html");
    expect(of("content-security-policy")).toContain("default-src 'none'");
    expect(of("x-frame-options")).toBe("DENY");
    expect(of("x-content-type-options")).toBe("nosniff");
    expect(of("cache-control")).toBe("no-store");
    expect(of("strict-transport-security")).toBe("max-age=31536000");
    expect(of("content-encoding")).toBe(null);
    expect(of("server")).toBe("nginx");
  });

  test("the log of the store has the client's address, whatever it says of itself", async () => {
    const login = JSON.stringify({
      ...{ user: "walter", origin: nginx.url, key: `openpgp:${walter.fingerprint}`, signature: "AAAA" },
      challenge: ((await (await ask("/api/v1/challenge")).json()) as { challenge: string }).challenge,
    });
    const request = [
      "POST /api/v1/session HTTP/1.1",
      `Host: ${new URL(nginx.url).host}`,
      "X-Forwarded-For: 203.0.113.7",
      "Forwarded: for=203.0.113.8",
      "X-Real-IP: 203.0.113.9",
      "Content-Type: application/json",
      `Content-Length: ${login.length}`,
      "Connection: close",
      `\r\n${login}`,
    ].join("\r\n");
    // All of 127.0.0.0/8 is this host: so a client may have another address than nginx.
    const client = ["openssl", "s_client", "-quiet", "-CAfile", authority, "-bind", "127.0.0.9:0"];
    const { text } = await succeed([...client, "-connect", new URL(nginx.url).host], { stdin: request });
    expect(text).toStartWith("HTTP/1.1 401 ");
    const { text: audit } = await team.server.command(["audit", "--outcome", "refused", "--json"]);
    const rows = audit
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows.at(-1)).toMatchObject({ user: "walter", address: "127.0.0.9" });
    expect(audit).not.toContain("203.0.113.");
  });

  test("a link that signs in is in no log, not even when the server is down", async () => {
    const token = `T${crypto.randomUUID()}`;
    await ask(`/sign-in/link/${token}`);
    await ask(`/sign%2Din/./link/${token}`);
    await ask("/sign-in", { headers: { referer: `${nginx.url}/sign-in/link/${token}` } });
    await ask(`/api/v1/object?name=${token}`);
    await team.server.stop();
    try {
      expect((await ask(`/sign-in/link/${token}`)).status).toBe(502);
      expect((await ask("/sign-in?seen")).status).toBe(502);
      const { code, stderr } = await walter.pstore(["box", "--patience=0"]);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining(`could not use ${nginx.url}: it answered 502`),
      });
    } finally {
      await team.server.start();
    }
    await nginx.stop();
    const logs = [nginx.errors, await nginx.requests()];
    for (const name of await readdir(nginx.folder))
      if (name.endsWith(".log")) logs.push(await readFile(join(nginx.folder, name), "utf8"));
    expect(logs.filter((log) => log.includes(token))).toEqual([]);
    // Both logs are written to, and the first would have shown it.
    expect(nginx.errors).toContain("GET /sign-in?seen ");
    expect(await nginx.requests()).toContain(`"GET /sign-in HTTP/1.1" 200 `);
    await nginx.start();
  });
});

test("the server ends at once when it is told to, though nginx keeps connections to it", async () => {
  await does(walter, ["box"]);
  const begin = performance.now();
  expect(await team.server.stop()).toBe(0);
  expect(performance.now() - begin).toBeLessThan(10_000);
  await team.server.start();
  expect(await does(walter, ["box", "password"])).toBe("secret");
});
