// How much two server processes of one store answer in a second, on each engine, beside what bare routes and bare queries do.
import { apiPath, type ObjectList } from "@pstore/core/api/schemas";
import { encodeManifest } from "@pstore/core/manifest";
import type { EngineName } from "@pstore/server/database/store-database";
import { sql } from "kysely";
import { type Ask, ask, byName, byProperty, Caller, challenge, read } from "./stores/callers.ts";
import { engineNames, startDatabase } from "./stores/engines.ts";
import { groupSize, objectId, objectName } from "./stores/fill.ts";
import { type Servers, startBareServers, startServers } from "./stores/servers.ts";
import { type BenchStore, makeStore } from "./stores/store.ts";
import { type Claim, decimal, printTable } from "./table.ts";

const processes = 2;
/** Requests that are under way at once, each on a connection that stays open. */
const connections = 16;
const seconds = 3;
/** One user has so many objects; the others have some hundred. */
const listed = 10_000;
/** A commit is signed before its time counts: as many as the slowest connection may get through. */
const commitsEach = 400;

/** One of the connections: what it does again and again. */
type Client = () => Promise<unknown>;

interface Operation {
  readonly what: string;
  readonly own: (callers: readonly Caller[]) => readonly Client[];
  readonly bare: (callers: readonly Caller[], urls: readonly string[]) => readonly Client[];
}

export async function benchEngines(objects: number): Promise<readonly Claim[]> {
  for (const engine of engineNames) await benchEngine(engine, objects);
  return [];
}

async function benchEngine(engine: EngineName, objects: number): Promise<void> {
  await using server = await startDatabase(engine);
  const store = await makeStore(server, objects);
  await addLister(store);
  const rates = new Map<string, { own: number; bare: number }>();
  await using own = await startServers(store.url, processes);
  await using bare = await startBareServers(store.url, processes);
  const callers = await Caller.several(own.urls, store, connections);
  const lister = await listersOf(own, store);
  await Promise.all(callers.map((caller) => caller.wrapKeys()));
  for (const { what, own: ours, bare: theirs } of operationsFor(store, lister)) {
    const bareRate = await perSecond(theirs(callers, bare.urls));
    rates.set(what, { own: await perSecond(ours(callers)), bare: bareRate });
  }
  printTable(
    `${engine}, ${objects} objects: requests a second at ${processes} server processes, ${connections} at once`,
    ["pstore", "bare route and query", "share"],
    [...rates].map(([what, rate]) => ({
      what,
      cells: [rate.own, rate.bare, rate.own / rate.bare].map((is) => (Number.isNaN(is) ? "" : decimal(is))),
    })),
  );
}

/** Makes a user of the last group a member of more objects: where the list looks, which is not in the manifests. */
async function addLister(store: BenchStore): Promise<void> {
  const user = listerOf(store);
  await store.inside(async (db) => {
    await sql`insert into members (object_id, user_id, access, pending)
      select id, ${sql.lit(user.id)}, 'read', 0 from objects
      where name <= ${sql.lit(objectName(listed))}
      and id not in (select object_id from members where user_id = ${sql.lit(user.id)})`.execute(db);
  });
}

const listerOf = ({ filler, fill }: BenchStore) => {
  const user = filler.people[(fill.groups - 1) * groupSize];
  if (user === undefined) throw new Error("There are no users.");
  return user;
};

async function listersOf(servers: Servers, store: BenchStore): Promise<readonly Caller[]> {
  return await Promise.all(servers.urls.map((url) => Caller.signIn(url, store, store.fill.groups - 1)));
}

function operationsFor(store: BenchStore, listers: readonly Caller[]): readonly Operation[] {
  const each = (make: (caller: Caller) => Ask) => (callers: readonly Caller[]) =>
    callers.map((caller) => () => ask(caller.url, caller.token, make(caller)));
  const bare = (make: (caller: Caller) => Ask) => (callers: readonly Caller[], urls: readonly string[]) =>
    callers.map((caller, index) => () => ask(urls[index % urls.length] ?? "", caller.token, make(caller)));
  const person = listerOf(store);
  return [
    { what: "challenge", own: each(() => challenge), bare: bare(() => ({ path: "/challenge" })) },
    {
      what: "object with a value",
      own: each((caller) => read(caller.next())),
      bare: bare((caller) => ({ path: `/object?name=${objectName(caller.next())}` })),
    },
    {
      what: "the same, beside a bare one that writes a row to the log",
      own: each((caller) => read(caller.next())),
      bare: bare((caller) => ({ path: `/object?name=${objectName(caller.next())}&log=1` })),
    },
    {
      what: `list of ${listed}`,
      own: (callers) =>
        callers.map((_, index) => {
          const lister = listers[index % listers.length];
          if (lister === undefined) throw new Error("Nobody lists.");
          return () => wholeList(lister);
        }),
      bare: bare(() => ({ path: `/list?user=${person.id}` })),
    },
    {
      what: "search in 300 names",
      own: each(() => byName),
      bare: bare(({ user }) => ({ path: `/search?user=${user.id}&text=99.example` })),
    },
    { what: "search in 300 objects' properties", own: each(() => byProperty), bare: () => [] },
    {
      what: "commit of one object",
      own: (callers) =>
        callers.map((caller) => {
          const prepared = Array.from({ length: commitsEach }, () => caller.commit(caller.next()));
          return async () => {
            const next = prepared.shift();
            return next === undefined ? null : await ask(caller.url, caller.token, next);
          };
        }),
      bare: bare((caller) => {
        // Of nobody who commits to it: no more than these rows are right of it afterwards.
        const number = Math.max(1, caller.next() - 1);
        const object = { id: objectId(number), name: objectName(number), group: number % store.fill.groups };
        const change = { revision: 2, previous: "0".repeat(64), publicBytes: new Uint8Array(9) };
        const manifest = encodeManifest(store.filler.manifest(object, change));
        return { path: "/commit", method: "POST", json: { object: object.id, manifest } };
      }),
    },
  ];
}

/** Every page of a user's list, one after the other, as the client takes them. */
async function wholeList(lister: Caller): Promise<void> {
  let found = 0;
  for (let next: string | null = ""; next !== null; ) {
    const query: string = next === "" ? "" : `&cursor=${next}`;
    const page = JSON.parse(
      await ask(lister.url, lister.token, { path: `${apiPath}/objects?q=${query}` }),
    ) as ObjectList;
    found += page.objects.length;
    next = page.next;
  }
  if (found < listed) throw new Error(`The list has ${found} objects.`);
}

/** How often all of the clients together are done with what they do, in a second. */
async function perSecond(clients: readonly Client[]): Promise<number> {
  if (clients.length === 0) return Number.NaN;
  for (const client of clients) await client();
  const start = performance.now();
  const end = start + seconds * 1000;
  let done = 0;
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() < end && (await client()) !== null) done++;
    }),
  );
  return (done * 1000) / (performance.now() - start);
}
