// A server behind a TLS proxy, as other hosts reach it: under its public URL alone, and with a certificate that holds.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { makeCertificate } from "./support/certificate.ts";
import { createFolder } from "./support/folder.ts";
import { createTeam, type Team, type User } from "./support/team.ts";

let team: Team;
let walter: User;
let proxy: Bun.Server<undefined>;
let url: string;
/** The certificate of the authority that signed the proxy's. */
let authority: string;

beforeAll(async () => {
  const folder = await createFolder();
  await makeCertificate(folder, "authority", { extension: "basicConstraints=critical,CA:TRUE\n" });
  await makeCertificate(folder, "proxy", {
    extension: "subjectAltName=DNS:localhost\n",
    issuer: "authority",
  });
  authority = join(folder, "authority.pem");
  proxy = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    tls: { cert: Bun.file(join(folder, "proxy.pem")), key: Bun.file(join(folder, "proxy.key")) },
    fetch({ url, method, headers, body }) {
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
});

const at = (store: string, args: readonly string[], env: Record<string, string> = {}) =>
  walter.pstore([`--store-url=${store}`, ...args], { stdin: "secret", env });

test("a certificate by an unknown authority is refused with a sentence", async () => {
  const { code, text, stderr } = await at(url, []);
  expect({ code, text }).toEqual({ code: 1, text: "" });
  expect(stderr).toBe(
    `backend error: could not connect to ${url} (its TLS certificate is not by a known authority); check that the store runs and that --store-url is right\n`,
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

test("nobody signs in by another URL than the public one, not even on the same host", async () => {
  await walter.forgetState();
  const { code, stderr } = await at(team.server.url, ["box"]);
  expect(code).toBe(1);
  expect(stderr).toContain("refused to sign in 'walter'");
});
