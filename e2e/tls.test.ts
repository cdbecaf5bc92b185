// A server behind a TLS proxy, as other hosts reach it: under its public URL alone, and with a certificate that holds.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeCertificate } from "./support/certificate.ts";
import { createFolder } from "./support/folder.ts";
import { createTeam, type Team, type User } from "./support/team.ts";

let folder: string;
let team: Team;
let walter: User;
let proxy: Bun.Server<undefined>;
let url: string;
/** How many requests have come through the proxy. */
let seen = 0;
/** The certificate of the authority that signed the proxy's. */
let authority: string;

beforeAll(async () => {
  folder = await createFolder();
  await makeCertificate(folder, "authority", { extension: "basicConstraints=critical,CA:TRUE\n" });
  await makeCertificate(folder, "proxy", {
    extension: "subjectAltName=DNS:localhost\n",
    issuer: "authority",
  });
  await makeCertificate(folder, "other", { extension: "basicConstraints=critical,CA:TRUE\n" });
  authority = join(folder, "authority.pem");
  proxy = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    tls: { cert: Bun.file(join(folder, "proxy.pem")), key: Bun.file(join(folder, "proxy.key")) },
    fetch({ url, method, headers, body }) {
      seen++;
      const { pathname, search } = new URL(url);
      return fetch(team.server.url + pathname + search, { method, headers, body });
    },
  });
  url = `https://localhost:${proxy.port}`;
  team = await createTeam({ users: ["walter"], server: { serve: ["--public-url", url] } });
  walter = team.user("walter");
}, 60_000);
afterAll(async () => {
  await proxy.stop(true);
  await team.dispose();
  await rm(folder, { recursive: true });
});

const at = (store: string, args: readonly string[], env: Record<string, string> = {}) =>
  walter.pstore([`--store-url=${store}`, ...args], { stdin: "secret", env });

test("a certificate by an unknown authority is refused with a sentence", async () => {
  const { code, text, stderr } = await at(url, []);
  expect({ code, text }).toEqual({ code: 1, text: "" });
  expect(stderr).toBe(
    `backend error: could not connect to ${url} (its TLS certificate is not by a known authority); nothing was sent; if the authority is your own, name the file of its certificate: --ca-file=FILE\n`,
  );
});

test("a certificate for another name is refused with a sentence", async () => {
  const other = url.replace("localhost", "127.0.0.1");
  const { code, stderr } = await at(other, [], { NODE_EXTRA_CA_CERTS: authority });
  expect(code).toBe(1);
  expect(stderr).toContain(`${other} (its TLS certificate is for another host)`);
});

test("behind a certificate that holds, everything works as it does without TLS", async () => {
  const env = { NODE_EXTRA_CA_CERTS: authority };
  expect((await at(url, ["-c", "box"], env)).code).toBe(0);
  expect(await at(url, ["box", "password"], env)).toMatchObject({ code: 0, text: "secret", stderr: "" });
});

describe("--ca-file", () => {
  test("names the authorities that are believed", async () => {
    const caFile = `--ca-file=${authority}`;
    expect(await at(url, [caFile, "box", "password"])).toMatchObject({ code: 0, text: "secret", stderr: "" });
    // Also by a relative name.
    const { code } = await walter.pstore([`--store-url=${url}`, "--ca-file", "authority.pem", "box"], {
      cwd: folder,
    });
    expect(code).toBe(0);
  });

  test("takes the place of all others, those of NODE_EXTRA_CA_CERTS too", async () => {
    const { code, text, stderr } = await at(url, [`--ca-file=${join(folder, "other.pem")}`, "box"], {
      NODE_EXTRA_CA_CERTS: authority,
    });
    expect({ code, text }).toEqual({ code: 1, text: "" });
    expect(stderr).toStartWith(
      `backend error: could not connect to ${url} (its TLS certificate is not by a known authority); nothing was sent; `,
    );
  });

  test("may stand in .pstorerc, with ~/ for the home folder, and completion heeds it", async () => {
    await cp(authority, join(walter.home, "ca.pem"));
    await walter.configure(`--store-url=${url}`, "--user=walter", "--ca-file=~/ca.pem");
    expect(await walter.pstore(["box", "password"])).toMatchObject({ code: 0, text: "secret", stderr: "" });
    await walter.forgetSession();
    expect((await walter.pstore(["--lookup-machine", "bo"])).text).toBe("box\n");
    const { code, text } = await walter.pstore(["--doctor"]);
    expect(text).toMatch(/^warning +certificate: .* is by authority, and ends in 1 day,/m);
    expect({ code, text }).toMatchObject({ code: 0 });
    const other = await walter.pstore(["--doctor", `--ca-file=${join(folder, "other.pem")}`]);
    expect(other.code).toBe(1);
    expect(other.text).toContain("other.pem, which holds another one: name the authority's file");
  });

  test("with several URLs, holds for each: the next is tried when one is down", async () => {
    const args = [`--ca-file=${authority}`, "--store-url=https://localhost:1", `--store-url=${url}`, "box"];
    expect(await walter.pstore([...args, "password"])).toMatchObject({ code: 0, text: "secret", stderr: "" });
  });

  test("that cannot be used is told, and nothing is sent; without TLS it is not even read", async () => {
    for (const [file, sentence] of [
      ["/nonexistent.pem", "there is no file /nonexistent.pem; mend its name in --ca-file"],
      [
        join(folder, "proxy.key"),
        "proxy.key holds no certificate in PEM (-----BEGIN CERTIFICATE-----); name",
      ],
    ] as const) {
      const asked = seen;
      const { code, text, stderr } = await at(url, [`--ca-file=${file}`, "box"]);
      expect({ code, text }).toEqual({ code: 1, text: "" });
      expect(stderr).toMatch(/^error: [^\n]*\n$/);
      expect(stderr).toContain(sentence);
      const doctor = await at(url, [`--ca-file=${file}`, "--doctor"]);
      for (const check of ["store", "certificate"])
        expect(doctor.text).toMatch(
          new RegExp(`^FAULT +${check}: .*${RegExp.escape(sentence.slice(-60, -10))}`, "m"),
        );
      expect(seen).toBe(asked);
      const plain = await at("http://127.0.0.1:1", [`--ca-file=${file}`, "box"]);
      expect(plain.stderr).toContain("(connection refused)");
    }
    expect(await at(url, ["--ca-file=", "box"])).toMatchObject({ code: 2 });
  });
});

test("nobody signs in by another URL than the public one, not even on the same host", async () => {
  await walter.forgetState();
  const { code, stderr } = await at(team.server.url, ["box"]);
  expect(code).toBe(1);
  expect(stderr).toContain("refused to sign in 'walter'");
});
