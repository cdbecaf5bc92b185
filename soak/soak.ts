// A soak: clients work at a store while its servers and databases are killed; then all that they were told must hold.

import { rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { freePort } from "@pstore/e2e/support/databases/ports";
import { buildExecutables } from "@pstore/e2e/support/executables";
import { createFolder } from "@pstore/e2e/support/folder";
import type { SshUser } from "@pstore/e2e/support/ssh-user";
import { Random } from "@pstore/fuzz/random";
import { rest } from "@pstore/server/serving/rest";
import { type Client, ClientInProcess } from "./clients/client.ts";
import { makeClients, makeMachines, makeStore, makeUsers } from "./clients/crew.ts";
import { Work } from "./clients/work.ts";
import { Journal } from "./journal.ts";
import { judge, type Verdict } from "./judge/judge.ts";
import type { Load } from "./options.ts";
import { type SceneName, scenes } from "./scenes/all.ts";
import type { Scene, Stage } from "./scenes/scene.ts";
import { restartAgainAndAgain } from "./servers/restarts.ts";
import { ServerLog } from "./servers/server-log.ts";
import { ServerProcess } from "./servers/server-process.ts";

export interface Soaked extends Verdict {
  readonly scene: Scene;
  readonly load: Load;
  readonly journal: Journal;
  readonly log: ServerLog;
  /** How often a server process was killed and started again. */
  readonly kills: number;
  /** How long the disturbance took, in seconds; `null`: there was none. */
  readonly disturbed: number | null;
  /** How long clients worked, in seconds. */
  readonly seconds: number;
}

export async function soak(name: SceneName, load: Load): Promise<Soaked> {
  await buildExecutables();
  const scene: Scene = scenes[name];
  await using stack = new AsyncDisposableStack();
  const [stage, users] = await Promise.all([scene.start(), makeUsers(load.clients)]);
  stack.use(stage);
  for (const user of users) stack.defer(() => user.dispose());
  const home = await createFolder();
  stack.defer(() => rm(home, { recursive: true, force: true }));
  const store = await makeStore(stage.servers[0] ?? "", users);
  const log = new ServerLog();
  const ports = await Promise.all(stage.servers.map(freePort));
  const publicUrls = ports.map((port) => `http://127.0.0.1:${port}`);
  const servers = stage.servers.map(
    (database, at) => new ServerProcess({ database, port: ports[at] ?? 0, publicUrls, home, log }),
  );
  for (const server of servers) stack.defer(() => server.kill());
  const folders = [home, ...users.map((user) => user.home)];
  onExit(stack, () => {
    for (const server of servers) server.killNow();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
  await Promise.all(servers.map((server) => server.start()));
  const clients = await makeClients(users, publicUrls);
  await makeMachines(clients, publicUrls);
  const journal = new Journal();
  const worked = await work({ scene, stage, servers, clients, journal, load });
  await Promise.all(users.map(settle));
  const verdict = await judge({
    ...{ journal, log, users, store, url: publicUrls[0] ?? "", copies: stage.copies },
    stop: () => Promise.all(servers.map((server) => server.stop())),
  });
  return { scene, load, journal, log, ...worked, ...verdict };
}

/** Has something done when the process ends before the stack does; databases see to themselves. */
function onExit(stack: AsyncDisposableStack, act: () => void): void {
  process.on("exit", act);
  stack.defer(() => {
    process.off("exit", act);
  });
}

/** Has clients work while things happen, until all is up again. */
async function work(parts: {
  readonly scene: Scene;
  readonly stage: Stage;
  readonly servers: readonly ServerProcess[];
  readonly clients: readonly Client[];
  readonly journal: Journal;
  readonly load: Load;
}): Promise<Pick<Soaked, "kills" | "disturbed" | "seconds">> {
  const { scene, stage, servers, clients, journal, load } = parts;
  const { seed, seconds } = load;
  const began = performance.now();
  const over = new AbortController();
  const working = clients.map((client) => new Work(client, journal, seed).go(() => over.signal.aborted));
  const killing = scene.killsServers
    ? servers.map((server, at) => restartAgainAndAgain(server, new Random(seed, "kills", at), over.signal))
    : [];
  const disturbing = disturb(stage, new Random(seed, "disturbance", 0), seconds);
  const events = Promise.all([rest(seconds * 1000), disturbing]);
  try {
    // A client that breaks is not to be waited for until the end.
    await Promise.race([events, ...[...working, ...killing].map(unlessItEnds)]);
  } finally {
    over.abort();
    await Promise.allSettled([...working, ...killing, disturbing]);
  }
  const kills = (await Promise.all(killing)).reduce((sum, some) => sum + some, 0);
  await Promise.all(working);
  return { kills, disturbed: await disturbing, seconds: (performance.now() - began) / 1000 };
}

/** Rejects when something fails, and never resolves. */
async function unlessItEnds(promise: Promise<unknown>): Promise<never> {
  await promise;
  return await new Promise<never>(() => {});
}

/** @returns how long it took, in seconds */
async function disturb({ disturb }: Stage, random: Random, seconds: number): Promise<number | null> {
  if (disturb === null) return null;
  // Early enough that clients work on behind it.
  await rest(seconds * (200 + random.below(200)));
  const began = performance.now();
  await disturb();
  return (performance.now() - began) / 1000;
}

/** Has a user's client send what was not answered before, look at all that it remembers, and hold an open session. */
async function settle(user: SshUser): Promise<void> {
  await user.forgetSession();
  const { code, stderr } = await new ClientInProcess(user).run([]);
  if (code !== 0) throw new Error(`${user.name}'s client does not get through in the end: ${stderr}`);
}
