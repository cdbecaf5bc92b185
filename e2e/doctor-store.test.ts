// `pstore --doctor` on the way to the store: whether it answers, as which store, with what clock and certificate.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { apiPath, type StoreInfo } from "@pstore/core/api/schemas";
import { makeCertificate } from "./support/certificate.ts";
import { examine } from "./support/doctor.ts";
import { createFolder } from "./support/folder.ts";
import { startServer } from "./support/server.ts";
import { createTeam, type Team, type User } from "./support/team.ts";

/** A port on which nobody listens: no system gives out the lowest ones, and their services have died out. */
const closed = "http://127.0.0.1:1";

type Answer = (request: Request) => Response | Promise<Response>;

let team: Team;
let walter: User;
/** The folder of certificates, of which `authority.pem` has signed most. */
let folder: string;
/** The URL that walter uses, which answers as a test says. */
let front: Bun.Server<undefined>;
let frontUrl: string;
/** The same with TLS. */
let secureUrl: string;
const servers: Bun.Server<undefined>[] = [];

/** Passes a request on to the server. */
const pass: Answer = ({ url, method, headers, body }) => {
  const { pathname, search } = new URL(url);
  return fetch(team.server.url + pathname + search, { method, headers, body });
};
let answer = pass;
/** What was asked for since a test has begun, below the API's path. */
let asked: string[] = [];

afterEach(() => {
  answer = pass;
  asked = [];
});

function listen(certificate?: string, hostname = "127.0.0.1"): Bun.Server<undefined> {
  const tls = (name: string) => ({
    cert: Bun.file(join(folder, `${name}.pem`)),
    key: Bun.file(join(folder, `${name}.key`)),
  });
  const server = Bun.serve({
    port: 0,
    hostname,
    ...(certificate === undefined ? {} : { tls: tls(certificate) }),
    fetch(request) {
      asked.push(new URL(request.url).pathname.replace(apiPath, ""));
      return answer(request);
    },
  });
  servers.push(server);
  return server;
}

beforeAll(async () => {
  folder = await createFolder();
  await makeCertificate(folder, "authority", { extension: "basicConstraints=critical,CA:TRUE\n" });
  const extension = "subjectAltName=DNS:localhost\n";
  await makeCertificate(folder, "self", { extension, days: 40 });
  for (const [name, days] of [
    ["long", 41],
    ["short", 20],
    ["past", -1],
  ] as const)
    await makeCertificate(folder, name, { extension, issuer: "authority", days });
  front = listen();
  frontUrl = `http://127.0.0.1:${front.port}`;
  secureUrl = `https://localhost:${listen("long").port}`;
  team = await createTeam({
    users: ["walter"],
    server: { serve: ["--public-url", frontUrl, "--public-url", secureUrl] },
  });
  walter = team.user("walter");
  await walter.configure(`--store-url=${frontUrl}`, "--user=walter");
  expect((await walter.pstore([])).code).toBe(0);
}, 60_000);
afterAll(async () => {
  for (const server of servers) await server.stop(true);
  await team?.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** What a client says that has never met a store. */
async function anew(args: readonly string[], env: Record<string, string> = {}) {
  const state = await createFolder();
  try {
    return await examine(walter, args, { env: { XDG_STATE_HOME: state, ...env } });
  } finally {
    await rm(state, { recursive: true });
  }
}

const idAt = async (url: string) => ((await (await fetch(`${url}${apiPath}/store`)).json()) as StoreInfo).id;

describe("the store", () => {
  test("that is down is a fault, and what needs none is looked at all the same", async () => {
    const { code, of, stderr } = await anew([`--store-url=${closed}`]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: "NOTICE: 1 fault, no warnings\n" });
    expect(of("store")).toEqual([
      `FAULT    store: could not connect to ${closed} (connection refused); check that the store runs and that --store-url is right`,
    ]);
    for (const check of ["clock", "sign-in"])
      expect(of(check)).toEqual([
        `skipped  ${check} (because no store answers that can be used; mend that first)`,
      ]);
    expect(of("gpg")[0]).toStartWith("ok ");
    expect(of("state")[0]).toStartWith("ok ");
  });

  test("that is down, and known: the pinned key is looked at, and opens what is sealed for it", async () => {
    answer = () => Response.json({ detail: "the disk is full" }, { status: 503 });
    const { code, of } = await examine(walter);
    expect(code).toBe(1);
    expect(of("store")[0]).toStartWith(
      `FAULT    store: could not use ${frontUrl}: it answered 503 (the disk is full)`,
    );
    expect(of("key")[0]).toMatch(/^ok {7}key: .* is here and pinned, and never expires$/);
    expect(of("round trip")[0]).toStartWith("ok ");
    expect(of("pins")[0]).toStartWith(
      "skipped  pins (because nobody is signed in to compare with what is pinned",
    );
  });

  test("is none where something else answers", async () => {
    answer = () => new Response("<html>");
    const { code, of } = await examine(walter);
    expect(code).toBe(1);
    expect(of("store")[0]).toContain("it does not answer as a pstore server does; check --store-url");
    expect(of("clock")[0]).toStartWith("skipped ");
  });

  test("with another id than the pinned one is a fault, and nobody signs in there", async () => {
    await using other = await startServer();
    answer = ({ url, method, headers, body }) =>
      fetch(other.url + new URL(url).pathname, { method, headers, body });
    const { code, of } = await examine(walter);
    expect(code).toBe(1);
    expect(of("store")).toEqual([
      `FAULT    store: ${frontUrl} IS ANOTHER STORE: ${await idAt(other.url)}, and this client knows ${await idAt(team.server.url)} there; nothing is sent to it: ask who runs the server`,
    ]);
    expect(of("sign-in")[0]).toStartWith("skipped ");
    expect(asked).toEqual(["/store"]);
  });

  test("at a second URL is the same one, another one, or claims to be what it may not", async () => {
    await using other = await startServer();
    const url = `http://localhost:${front.port}`;
    const both = await examine(walter, [`--store-url=${frontUrl}`, `--store-url=${url}`]);
    expect(both.code).toBe(0);
    expect(both.of("store")[1]).toContain("(first use, the next command pins it)");
    const claims = await examine(walter, [`--store-url=${url}`]);
    expect(claims.of("store")[0]).toEndWith(
      `which this client knows as ${frontUrl}; if it is, give both as --store-url once`,
    );
    const mixed = await examine(walter, [`--store-url=${frontUrl}`, `--store-url=${other.url}`]);
    expect(mixed.code).toBe(1);
    expect(mixed.of("store")[1]).toMatch(
      /^FAULT {4}store: .* of the other URLs; remove one of them from --store-url$/,
    );
    expect(mixed.of("sign-in")[0]).toStartWith("ok ");
  });

  test("at one URL of two that is down is a warning, as the other one does", async () => {
    const { code, of } = await examine(walter, [`--store-url=${closed}`, `--store-url=${frontUrl}`]);
    expect(code).toBe(0);
    expect(of("store")[0]).toStartWith(`warning  store: could not connect to ${closed}`);
    expect(of("store")[1]).toStartWith(`ok       store: ${frontUrl}`);
    expect(of("sign-in")[0]).toStartWith("ok ");
  });

  test("of another generation is a warning", async () => {
    answer = async (request) => {
      const passed = await pass(request);
      if (!request.url.endsWith("/store")) return passed;
      return Response.json({ ...((await passed.json()) as StoreInfo), version: "4.1.0\n\u001b[31mred" });
    };
    const { code, of } = await examine(walter);
    expect(code).toBe(0);
    expect(of("version")).toEqual([
      `warning  version: the server at ${frontUrl} is 4.1.0\\n\\u{1b}[31mred, this pstore 3.0.0; update the older one`,
    ]);
  });

  test("behind a proxy that the environment names is a warning without TLS", async () => {
    const { code, of } = await examine(walter, [], { env: { HTTP_PROXY: team.server.url } });
    expect(code).toBe(0);
    expect(of("proxy")).toEqual([
      `warning  proxy: requests to ${frontUrl} go through the proxy that HTTP_PROXY names, without TLS; leave the store out of it: NO_PROXY=127.0.0.1`,
    ]);
    // It is so: they came to the server itself, where the proxy is said to be.
    expect(of("store")[0]).toStartWith("ok ");
    expect(asked).toEqual([]);
    const env = { HTTP_PROXY: closed, NO_PROXY: "example.com, 127.0.0.1" };
    expect((await examine(walter, [], { env })).of("proxy")).toEqual([]);
    const secure = await anew([`--store-url=${secureUrl}`], { https_proxy: closed });
    expect(secure.of("proxy")[0]).toStartWith(
      `ok       proxy: requests to ${secureUrl} go through the proxy that https_proxy`,
    );
    expect(secure.of("store")[0]).toStartWith("FAULT ");
    expect(secure.of("certificate")[0]).toStartWith("skipped  certificate (because https://localhost");
  });

  test("on another host is not spoken to by http:// alone", async () => {
    const { code, of } = await anew(["--store-url=http://store.example.com"]);
    expect(code).toBe(1);
    expect(of("store")[0]).toStartWith("FAULT    store: http://store.example.com speaks http:// without TLS");
    expect(of("store")[0]).toEndWith("; use https://, or give --allow-http");
    // An address of this host that is not taken for one.
    const url = `http://0.0.0.0:${listen(undefined, "0.0.0.0").port}`;
    const allowed = await anew([`--store-url=${url}`, "--allow-http"]);
    expect(allowed.of("store")[0]).toStartWith("ok ");
    expect(allowed.of("certificate")).toEqual([
      `warning  certificate: ${url} is spoken to without TLS; have the server put behind TLS, and use https://`,
    ]);
  });
});

describe("the clock", () => {
  const minute = 60_000;
  const day = 1440 * minute;

  /** Answers as the server does, at another time. */
  const dated =
    (date: string): Answer =>
    async (request) => {
      const passed = await pass(request);
      const headers = { "content-type": "application/json", date };
      return new Response(await passed.bytes(), { status: passed.status, headers });
    };

  const off: readonly { by: number; says: string }[] = [
    { by: 30_000, says: "ok       clock: 30 seconds behind that of URL" },
    { by: 10 * minute, says: "warning  clock: 10 minutes behind that of URL; set the one that is wrong" },
    { by: -5 * 60 * minute, says: "warning  clock: 5 hours ahead of that of URL; set the one that is wrong" },
    { by: 3 * day, says: "FAULT    clock: 3 days behind that of URL; set the one that is wrong" },
    { by: -3 * day, says: "FAULT    clock: 3 days ahead of that of URL; set the one that is wrong" },
  ];
  for (const { by, says } of off) {
    test(`that is ${-by / minute} minutes ahead of the server's: ${says.slice(0, 7).trim()}`, async () => {
      answer = dated(new Date(Date.now() + by).toUTCString());
      const { code, of } = await examine(walter);
      expect(code).toBe(says.startsWith("FAULT") ? 1 : 0);
      // The header names whole seconds.
      const said = of("clock")[0]?.replace("29 seconds", "30 seconds");
      expect(said).toStartWith(says.replace("URL", frontUrl));
      // Whatever it shows: the server alone times its challenges.
      expect(of("sign-in")[0]).toStartWith("ok ");
    });
  }

  test("cannot be compared where the server does not say what time it is", async () => {
    answer = dated("soon");
    const { code, of } = await examine(walter);
    expect(code).toBe(0);
    expect(of("clock")).toEqual([
      `skipped  clock (because ${frontUrl} does not say what time it is; compare the clocks by hand)`,
    ]);
  });
});

describe("the certificate", () => {
  /** What is said of the certificate of a server with this one, by a client that knows the authority. */
  async function of(certificate: string, env = { NODE_EXTRA_CA_CERTS: join(folder, "authority.pem") }) {
    const url = `https://localhost:${listen(certificate).port}`;
    const examined = await anew([`--store-url=${url}`], env);
    return { url, ...examined, said: examined.of("certificate")[0]?.replaceAll(url, "URL") ?? "" };
  }

  test("that holds is told with its end, and everything works behind it", async () => {
    const env = { NODE_EXTRA_CA_CERTS: join(folder, "authority.pem") };
    const { code, bad, of } = await anew([`--store-url=${secureUrl}`], env);
    expect({ code, bad }).toEqual({ code: 0, bad: [] });
    expect(of("certificate")[0]).toMatch(/ is by authority, and ends in 40 days, on \d{4}-\d\d-\d\d$/);
    expect(of("round trip")[0]).toStartWith("ok ");
  });

  test("that ends soon is a warning", async () => {
    const { said, of: lines } = await of("short");
    expect(said).toMatch(
      /^warning {2}certificate: .* ends in (19|20) days, on .*; have whoever runs the server/,
    );
    expect(lines("store")[0]).toStartWith("ok ");
  });

  test("that has expired is a fault that says since when", async () => {
    const { code, said } = await of("past");
    expect(code).toBe(1);
    expect(said).toMatch(
      /^FAULT {4}certificate: that of URL has expired on \d{4}-\d\d-\d\d; have whoever runs/,
    );
  });

  test("by an unknown authority is a fault that says how to make it known", async () => {
    const { code, said, of: lines } = await of("long", {} as never);
    expect(code).toBe(1);
    expect(said).toMatch(
      /^FAULT {4}certificate: that of URL is by authority, which is no authority known here \(\w+\); /,
    );
    expect(said).toEndWith("if it is your own, name the file of its certificate: --ca-file=FILE");
    expect(lines("store")[0]).toContain("its TLS certificate is not by a known authority");
    const self = await of("self");
    expect(self.said).toContain("is by self, which is no authority known here");
    expect(self.said).toContain("authority.pem, which holds another one: name the authority's file");
    const gone = await of("long", { NODE_EXTRA_CA_CERTS: "/nonexistent.pem" });
    expect(gone.said).toContain("NODE_EXTRA_CA_CERTS names /nonexistent.pem, which cannot be read");
  });

  test("for another host is a fault that names those that it is for", async () => {
    const url = secureUrl.replace("localhost", "127.0.0.1");
    const { code, of: lines } = await anew([`--store-url=${url}`], {
      NODE_EXTRA_CA_CERTS: join(folder, "authority.pem"),
    });
    expect(code).toBe(1);
    expect(lines("certificate")).toEqual([
      `FAULT    certificate: that of ${url} is for another host (DNS:localhost); give a --store-url with a name that it is for, or have it made for this one`,
    ]);
  });

  test("cannot be looked at where nobody speaks TLS", async () => {
    const plain = await anew([`--store-url=${frontUrl.replace("http:", "https:")}`]);
    expect(plain.code).toBe(1);
    expect(plain.of("certificate")[0]).toMatch(
      /^skipped {2}certificate \(because .* shows none \(.*\); check that/,
    );
    const none = await anew(["--store-url=https://127.0.0.1:1"]);
    expect(none.of("certificate")[0]).toContain("shows none (ECONNREFUSED)");
  });
});
