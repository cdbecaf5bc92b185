// Runs the parts that need a server, and looks at the server before and after.
import { ContractPart } from "./contract/contract-part.ts";
import { readDescription } from "./contract/description.ts";
import { databaseFor } from "./database.ts";
import { apiPart } from "./http/api-part.ts";
import { growthOf } from "./memory/growth.ts";
import { MemoryPart } from "./memory/memory-part.ts";
import { settle } from "./memory/settle.ts";
import { Objects } from "./objects.ts";
import type { PartName } from "./options.ts";
import { type Part, runPart, textOf } from "./part.ts";
import { rawPart } from "./raw/raw-part.ts";
import type { Run } from "./run-facts.ts";
import { kept } from "./seeds/kept.ts";
import { keptPart } from "./seeds/kept-part.ts";
import { Sessions } from "./sessions.ts";
import { Target } from "./target.ts";
import { webPart } from "./web/web-part.ts";

/** So much of each part is the warm-up, in percent: what the server holds after it is what it may hold at the end. */
const warmUp = 10;

/** So many inputs for each operation must do it once, else the part that is to show it shows nothing. */
const enoughForEach = 20;

type ServerPartName = Exclude<PartName, "parsers" | "client">;

export async function fuzzServer(
  names: readonly ServerPartName[],
  counts: ReadonlyMap<PartName, number>,
  { options: { seed, database, from }, faults, print }: Run,
): Promise<void> {
  await using fresh = await databaseFor(database);
  await using target = await Target.start(fresh.url);
  const { url } = target;
  const sessions = await Sessions.open(target);
  const objects = await Objects.make(url, sessions, seed);
  const operations = await readDescription(url);
  const context = { url, target, sessions, objects, operations, seed, faults };
  const contract = new ContractPart(context);
  const memory = new MemoryPart({ ...context, count: counts.get("memory") ?? 0 });
  const all: Readonly<Record<ServerPartName, () => Part>> = {
    http: () => apiPart(context),
    web: () => webPart(context),
    raw: () => rawPart(context),
    contract: () => contract,
    memory: () => memory,
  };
  const parts = names.map((name) => {
    const count = counts.get(name) ?? 0;
    return { part: all[name](), count, first: Math.ceil((count * warmUp) / 100) };
  });
  await runPart(keptPart(context), faults, 0, kept.length);
  for (const { part, first } of parts) await runPart(part, faults, from, from + first);
  const before = await settle(target);
  for (const { part, count, first } of parts) {
    const begin = performance.now();
    await runPart(part, faults, from + first, from + count);
    const rate = Math.round(((count - first) * 1000) / (performance.now() - begin));
    print(`${part.name}: ${count} inputs, ${rate} a second`);
  }
  const add = (what: string) => faults.add({ part: "server", index: -1, what, input: null });
  if (!target.isAlive) {
    add(`the server has ended: ${target.output.slice(-3000)}`);
    return;
  }
  const inputs = parts.reduce((sum, { count }) => sum + count, 0);
  const growth = growthOf({ before, after: await settle(target), inputs });
  for (const line of [...growth.lines, ...(names.includes("memory") ? memory.lines : [])]) print(line);
  for (const fault of [...growth.faults, ...(names.includes("memory") ? memory.faults : [])]) add(fault);
  if ((counts.get("contract") ?? 0) >= enoughForEach * operations.length)
    for (const operation of contract.neverDone) add(`${operation} was not done even once`);
  await tryValid(url, sessions).catch((error) => add(`a valid client was refused: ${textOf(error)}`));
  const inconsistent = await target.faults();
  if (inconsistent !== "") add(`the store is not consistent any more: ${inconsistent.slice(0, 3000)}`);
  if (target.complaints !== "") add(`the server's log: ${target.complaints.slice(0, 5000)}`);
}

/** A client that does everything right must not notice that anything happened. */
async function tryValid(url: string, sessions: Sessions): Promise<void> {
  await sessions.renew();
  await Objects.make(url, sessions, Date.now() % 2 ** 31, "after");
}
