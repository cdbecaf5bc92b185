import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { apiPath } from "@pstore/core/api/schemas";
import { loginText } from "@pstore/core/login";
import { slices } from "../database/slices.ts";
import { knownUser } from "../services/accounts.ts";
import { formToken, openWebSession } from "../services/web/sessions.ts";
import { origin, TestStore } from "../store-for-tests.ts";

/** A process that serves a store, at a free port. */
function serving(store: TestStore) {
  return Bun.spawn(
    [
      process.execPath,
      join(import.meta.dir, "../bin.ts"),
      "serve",
      "--listen=127.0.0.1:0",
      `--database=${store.url}`,
    ],
    { stdout: "pipe", stderr: "inherit", env: { PATH: process.env["PATH"] ?? "" } },
  );
}

test("a server that is told to stop finishes what it does, takes nothing more, and ends with 0", async () => {
  const store = await TestStore.make();
  const joe = await store.addUser("joe");
  const server = serving(store);
  try {
    const lines = server.stdout.getReader();
    const line = new TextDecoder().decode((await lines.read()).value);
    const url = /^listening on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(line)?.[1] ?? "";
    const { challenge } = (await (await fetch(`${url}${apiPath}/challenge`)).json()) as { challenge: string };
    const login = { user: "joe", key: joe.key, origin: url, challenge };
    const signature = store.sign(joe.key, loginText({ ...login, store: store.store.id }), "login");
    const signedIn = await fetch(`${url}${apiPath}/session`, {
      method: "POST",
      body: JSON.stringify({ ...login, signature }),
    });
    const { token } = (await signedIn.json()) as { token: string };

    const id = crypto.randomUUID();
    let more: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        more = controller;
        controller.enqueue(new Uint8Array(2 * 1024 * 1024));
      },
    });
    const upload = fetch(`${url}${apiPath}/uploads/${id}`, {
      method: "PUT",
      body,
      headers: { authorization: `Bearer ${token}` },
    });
    while ((await store.db.selectFrom("value_pieces").select("seq").execute()).length === 0)
      await Bun.sleep(10);
    server.kill("SIGTERM");
    while (await accepts(url)) await Bun.sleep(10);
    expect(server.exitCode).toBeNull();
    more?.enqueue(new Uint8Array(5));
    more?.close();
    const answer = await upload;
    expect([answer.status, await answer.json()]).toEqual([
      200,
      expect.objectContaining({ id, size: 2 * 1024 * 1024 + 5 }),
    ]);
    expect(await server.exited).toBe(0);
  } finally {
    server.kill("SIGKILL");
    await store.close();
  }
});

test("a server whose standard error nobody reads serves on, and stops when it is told to", async () => {
  const store = await TestStore.make();
  const path = join(store.folder, "stderr");
  execFileSync("mkfifo", [path]);
  // Open at both ends, and so never closed; nothing is read.
  const stderr = openSync(path, "r+");
  const joe = await store.addUser("joe");
  const server = Bun.spawn(
    [
      process.execPath,
      join(import.meta.dir, "../bin.ts"),
      "serve",
      "--listen=127.0.0.1:0",
      "--log-format=json",
      `--public-url=${origin}`,
      `--database=${store.url}`,
    ],
    { stdout: "pipe", stderr, env: { PATH: process.env["PATH"] ?? "" } },
  );
  try {
    const line = new TextDecoder().decode((await server.stdout.getReader().read()).value);
    const url = line.slice("listening on ".length).trim();
    const headers = { authorization: `Bearer ${await store.signIn(joe)}` };
    // A pipe holds 64 KiB; each row of the log has some hundred bytes.
    for (let at = 0; at < 400; at++) {
      const answer = await fetch(`${url}${apiPath}/user-names?q=${"x".repeat(140)}`, { headers });
      expect(answer.status).toBe(200);
    }
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
  } finally {
    server.kill("SIGKILL");
    closeSync(stderr);
    await store.close();
  }
});

test("a server that is told to stop breaks off the check of its store, at once, and leaves none behind", async () => {
  const store = await TestStore.make();
  const root = await store.addUser("root", { staff: true, superuser: true });
  // So many objects, each damaged, are looked at for longer than anybody waits here.
  const objects = Array.from({ length: 50_000 }, (_, at) => {
    const name = `web${at}`;
    return { id: crypto.randomUUID(), name, live_name: name, revision: 1, withheld: null };
  });
  await store.db.transaction().execute(async (trx) => {
    for (const part of slices(objects)) await trx.insertInto("objects").values(part).execute();
  });
  const { id: userId } = await knownUser(store.db, root.name);
  const session = { userId, way: "password", fingerprint: "", address: "", agent: "test" } as const;
  const token = await openWebSession(store.db, session);
  const server = serving(store);
  try {
    const line = new TextDecoder().decode((await server.stdout.getReader().read()).value);
    const url = line.slice("listening on ".length).trim();
    const answer = await fetch(`${url}/health/check`, {
      method: "POST",
      redirect: "manual",
      headers: { cookie: `pstore-session=${token}`, origin: url },
      body: new URLSearchParams({ csrf: formToken(token) }),
    });
    expect(answer.headers.get("location")).toBe("/health?done=check-begun");
    expect(await store.db.selectFrom("check_runs").select("running").execute()).toEqual([{ running: 1 }]);
    const start = performance.now();
    server.kill("SIGTERM");
    expect(await server.exited).toBe(0);
    expect(performance.now() - start).toBeLessThan(5000);
    expect(await store.db.selectFrom("check_runs").selectAll().execute()).toEqual([]);
  } finally {
    server.kill("SIGKILL");
    await store.close();
  }
});

async function accepts(url: string): Promise<boolean> {
  try {
    await fetch(`${url}/healthz`, { keepalive: false });
    return true;
  } catch {
    return false;
  }
}
