// What single operations cost in a store of a thousand objects, of a hundred thousand and of a million, on each engine.
import type { EngineName } from "@pstore/server/database/store-database";
import { summary } from "./measure.ts";
import {
  type Ask,
  ask,
  byName,
  byProperty,
  Caller,
  challenge,
  exact,
  read,
  value,
} from "./stores/callers.ts";
import { engineNames, startDatabase } from "./stores/engines.ts";
import { startServers } from "./stores/servers.ts";
import { makeStore } from "./stores/store.ts";
import { type Claim, decimal, printTable } from "./table.ts";

/** So many users take turns, so that what is read lies all over the store. */
const callers = 12;
const warmUp = 48;
const runs = 300;

interface Operation {
  readonly what: string;
  /** What it costs must hardly depend on how many objects there are. */
  readonly single: boolean;
  readonly make: (caller: Caller) => Ask | Promise<Ask>;
}

const operations: readonly Operation[] = [
  { what: "challenge", single: true, make: () => challenge },
  { what: "sign-in", single: true, make: (caller) => caller.login() },
  { what: "object by its name, with a value", single: true, make: (caller) => read(caller.next()) },
  { what: "a property's value", single: true, make: (caller) => value(caller.next()) },
  { what: "search for an exact name", single: true, make: (caller) => exact(caller.next()) },
  { what: "commit of one object", single: true, make: (caller) => caller.commit(caller.next()) },
  { what: "search in the names of a user's 300 objects", single: false, make: () => byName },
  { what: "search in the properties of a user's 300", single: false, make: () => byProperty },
];

/** Medians in milliseconds, by operation. */
type Medians = ReadonlyMap<string, number>;

export async function benchGrowth(sizes: readonly number[]): Promise<readonly Claim[]> {
  const claims: Claim[] = [];
  for (const engine of engineNames) {
    const medians = await growing(engine, sizes);
    print(engine, sizes, medians);
    for (const { what, single } of operations) {
      if (!single) continue;
      const [first, last] = [medians.at(0)?.get(what), medians.at(-1)?.get(what)];
      const is = (last ?? Number.NaN) / (first ?? Number.NaN);
      claims.push({ what: `${engine}, ${what}: ${sizes.at(-1)} objects / ${sizes[0]}`, is, atMost: 2 });
    }
  }
  return claims;
}

/** By the sizes. */
async function growing(engine: EngineName, sizes: readonly number[]): Promise<readonly Medians[]> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startDatabase(engine));
  const stores: (readonly Caller[])[] = [];
  for (const size of sizes) {
    const store = await makeStore(server, size);
    const { urls } = stack.use(await startServers(store.url, 1));
    const all = await Caller.several(urls, store, callers);
    await Promise.all(all.map((caller) => caller.wrapKeys()));
    stores.push(all);
  }
  const times = sizes.map(() => new Map<string, number[]>(operations.map(({ what }) => [what, []])));
  // In turn, so that what else the machine does falls on all of them alike.
  for (let run = -warmUp; run < runs; run++) {
    for (const { what, make } of operations) {
      for (const [index, all] of stores.entries()) {
        const time = await timed(all[(run + warmUp) % all.length], make);
        if (run >= 0) times[index]?.get(what)?.push(time);
      }
    }
  }
  return times.map((all) => new Map([...all].map(([what, its]) => [what, summary(its).median])));
}

async function timed(caller: Caller | undefined, make: Operation["make"]): Promise<number> {
  if (caller === undefined) throw new Error("There is nobody to ask.");
  const asked = await make(caller);
  const start = performance.now();
  await ask(caller.url, caller.token, asked);
  return performance.now() - start;
}

function print(engine: EngineName, sizes: readonly number[], medians: readonly Medians[]): void {
  printTable(
    `${engine}: one request after the other, to a server for each number of objects in turn (medians of ${runs}, in ms)`,
    [...sizes.map(String), "last / first"],
    operations.map(({ what }) => {
      const its = medians.map((of) => of.get(what) ?? Number.NaN);
      return { what, cells: [...its, (its.at(-1) ?? Number.NaN) / (its[0] ?? Number.NaN)].map(decimal) };
    }),
  );
}
