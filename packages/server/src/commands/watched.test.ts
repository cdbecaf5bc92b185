import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { apiPath } from "@pstore/core/api/schemas";
import { loginText } from "@pstore/core/login";
import { TestStore, type TestUser } from "../store-for-tests.ts";

let store: TestStore;
let joe: TestUser;
beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe");
});
afterAll(async () => await store.close());

/** A process that serves the store, and where it does; what it writes to standard error is collected. */
async function serving(...options: string[]) {
  const server = Bun.spawn(
    [
      process.execPath,
      join(import.meta.dir, "../bin.ts"),
      "serve",
      "--listen=127.0.0.1:0",
      "--metrics-listen=127.0.0.1:0",
      `--database=${store.url}`,
      ...options,
    ],
    { stdout: "pipe", stderr: "pipe", env: { PATH: process.env["PATH"] ?? "" } },
  );
  const lines = server.stdout.getReader();
  let text = "";
  while (text.split("\n").length < 3) text += new TextDecoder().decode((await lines.read()).value);
  const [, url = "", metrics = ""] = /^listening on (\S+)\nmetrics at (\S+)\n$/.exec(text) ?? [];
  return { server, url, metrics, stderr: new Response(server.stderr).text() };
}

/** Signs in, and returns what nobody else may know: the signature and the token. */
async function signIn(url: string): Promise<{ signature: string; token: string; challenge: string }> {
  const { challenge } = (await (await fetch(`${url}${apiPath}/challenge`)).json()) as { challenge: string };
  const login = { user: "joe", key: joe.key, origin: url, challenge };
  const signature = store.sign(joe.key, loginText({ ...login, store: store.store.id }), "login");
  const body = JSON.stringify({ ...login, signature });
  const { token } = (await (await fetch(`${url}${apiPath}/session`, { method: "POST", body })).json()) as {
    token: string;
  };
  return { signature, token, challenge };
}

test.each(["json", "journal", "syslog", "none"])(
  "requests are in the log as %s and in the figures, without secrets and without names of objects",
  async (format) => {
    const { server, url, metrics, stderr } = await serving(
      `--log-format=${format}`,
      "--log-requests=all",
      "--trusted-proxy=127.0.0.1",
    );
    try {
      const secrets = await signIn(url);
      const id = `request-of-${format}`;
      const headers = { authorization: `Bearer ${secrets.token}`, "x-request-id": id };
      const value = "value-that-is-uploaded";
      const upload = crypto.randomUUID();
      const stored = await fetch(`${url}${apiPath}/uploads/${upload}`, {
        method: "PUT",
        headers,
        body: value,
      });
      expect([stored.status, stored.headers.get("x-request-id")]).toEqual([200, id]);
      const missing = await fetch(`${url}${apiPath}/object?name=machine-name`, { headers });
      expect([missing.status, await missing.json()]).toEqual([
        404,
        expect.objectContaining({ requestId: id }),
      ]);
      await fetch(`${url}/sign-in/link/token-of-a-link`);
      expect((await fetch(`${url}/metrics`)).status).toBe(404);

      const ran = 'pstore_job_runs_total{job="dropping uploads that nobody took",outcome="ok"} 1\n';
      while (!(await (await fetch(metrics)).text()).includes(ran)) await Bun.sleep(10);
      const answer = await fetch(metrics);
      expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
      const text = await answer.text();
      const route = `${apiPath}/uploads/:id`;
      expect(text).toContain(`pstore_http_requests_total{method="PUT",route="${route}",status="200"} 1\n`);
      expect(text).toContain(
        `pstore_http_request_duration_seconds_bucket{method="PUT",route="${route}",le="+Inf"} 1\n`,
      );
      expect(text).toContain(`pstore_uploaded_bytes_total ${value.length}\n`);
      expect(text).toContain("pstore_http_requests_in_flight 0\n");
      expect(text).toContain("pstore_ready 1\n");
      expect(text).toContain("pstore_users 1\n");
      server.kill("SIGTERM");
      expect(await server.exited).toBe(0);

      const log = await stderr;
      const ofUpload = log.split("\n").filter((line) => line.includes(id) && line.includes(route));
      expect(ofUpload).toHaveLength(1);
      for (const part of ["PUT", "200", "joe", "127.0.0.1"]) expect(ofUpload[0]).toContain(part);
      expect(log).toContain("/sign-in/link/:token");
      const secret = [...Object.values(secrets), value, "token-of-a-link"];
      for (const one of [...secret, "machine-name", "joe", upload]) expect(text).not.toContain(one);
      for (const one of secret) expect(log).not.toContain(one);
      // The audit log names objects; what is said of requests does not.
      const requests = log.split("\n").filter((line) => line.includes("/api/"));
      expect(requests.length).toBeGreaterThan(3);
      expect(requests.join("\n")).not.toContain("machine-name");
    } finally {
      server.kill("SIGKILL");
    }
  },
);

test("by default no request is in the log, and of errors those alone", async () => {
  const logged = async (...options: string[]) => {
    const { server, url, stderr } = await serving("--log-format=json", ...options);
    await fetch(`${url}/healthz`);
    await fetch(`${url}/nothing`, { headers: { "x-request-id": "made-up-by-a-client" } });
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    const entries = (await stderr)
      .trim()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
    return entries.filter(({ kind }) => kind === "request");
  };
  expect(await logged()).toEqual([]);
  const [error, ...others] = await logged("--log-requests=errors");
  expect(others).toEqual([]);
  expect(error).toMatchObject({ severity: "info", method: "GET", route: "none", status: "404" });
  expect(error.request).toMatch(/^[0-9a-f-]{36}$/);
});

test("while a server drains it serves as before, and says that it stops", async () => {
  const { server, url, metrics } = await serving("--drain-time=2");
  try {
    const readyz = async () => {
      const answer = await fetch(`${url}/readyz`);
      return [answer.status, await answer.text()];
    };
    expect(await readyz()).toEqual([200, "ok\n"]);
    const start = performance.now();
    server.kill("SIGTERM");
    while ((await readyz())[0] === 200) await Bun.sleep(5);
    expect(await readyz()).toEqual([503, "the server is stopping\n"]);
    expect((await fetch(`${url}${apiPath}/store`)).status).toBe(200);
    expect(await (await fetch(metrics)).text()).toContain("pstore_ready 0\n");
    expect(await server.exited).toBe(0);
    expect(performance.now() - start).toBeGreaterThan(1900);
  } finally {
    server.kill("SIGKILL");
  }
});

test("docs/reference.md has every metric with its type", async () => {
  const { server, url, metrics } = await serving();
  try {
    await fetch(`${url}/healthz`);
    const text = await (await fetch(metrics)).text();
    const told = [...text.matchAll(/^# TYPE (\S+ \S+)$/gm)].map(([, pair = ""]) => pair);
    const docs = await Bun.file(join(import.meta.dir, "../../../../docs/reference.md")).text();
    const rows = docs.matchAll(/^\| (`(?:pstore|process)_[^|]*) \| (counter|gauge|histogram) \|/gm);
    const documented = [...rows].flatMap(([, names = "", type = ""]) =>
      [...names.matchAll(/`(\w+)`/g)].map(([, name = ""]) => `${name} ${type}`),
    );
    expect(documented.sort()).toEqual(told.sort());
  } finally {
    server.kill("SIGKILL");
  }
});
