// Pages of the web admin on a store of 100,000 objects and 1,000,000 rows of the log, beside the same pages of a small one.
import { Database } from "bun:sqlite";
import { join } from "node:path";
import { makeMachines } from "@pstore/e2e/support/crowd";
import { createTeam, type Team } from "@pstore/e2e/support/team";
import { WebVisitor } from "@pstore/e2e/support/web-visitor";
import { summary } from "./measure.ts";
import { type Claim, decimal, printTable } from "./table.ts";

const password = "correct horse battery staple";
const users = ["alice", "bob", "carol", "dave", "erin"];

interface Size {
  readonly objects: number;
  readonly rows: number;
}
const small: Size = { objects: 1000, rows: 10_000 };
const large: Size = { objects: 100_000, rows: 1_000_000 };

/** How many pages far each list is followed before its last page counts. */
const deep = 40;

/** What each page is asked for; `%ID%` and `%NAME%` are an object's. */
const asked: Readonly<Record<string, string>> = {
  overview: "/",
  users: "/users",
  "public keys": "/keys",
  objects: "/objects",
  "objects, part of a name": "/objects?text=host0009",
  "objects that erin has": "/objects?user=erin",
  "objects that erin has alone": "/objects?user=erin&access=only",
  "objects, a name that none has": "/objects?text=nothing-like-it",
  "one object": "/objects/%ID%",
  log: "/log",
  "log of one user": "/log?user=erin",
  "log of one object": "/log?object=%NAME%",
  "log of one kind": "/log?action=read",
  "log of one user and kind": "/log?user=erin&action=delete",
  "log of refusals": "/log?outcome=refused",
  "log of what nobody did": "/log?user=nobody&action=delete&outcome=refused",
  health: "/health",
};

/** Times every page, and prints it. */
export async function benchPages(runs: number): Promise<readonly Claim[]> {
  await using few = await filledTeam(small);
  await using many = await filledTeam(large);
  const fewTimes = await pageTimes(few, runs);
  const manyTimes = await pageTimes(many, runs);
  const names = Object.keys(manyTimes);
  printTable(
    `Pages of the web admin, a request over loopback: ${large.objects} objects and ${large.rows} rows of the log, beside ${small.objects} and ${small.rows} (medians of ${runs} runs)`,
    ["ms", "small, ms", "large / small"],
    names.map((what) => {
      const [is = Number.NaN, was = Number.NaN] = [manyTimes[what], fewTimes[what]];
      return { what, cells: [is, was, is / was].map((value) => (Number.isNaN(value) ? "" : decimal(value))) };
    }),
  );
  const slowest = names.reduce((a, b) => ((manyTimes[a] ?? 0) > (manyTimes[b] ?? 0) ? a : b));
  return [
    {
      what: `the slowest page (${slowest}) of a large store`,
      is: manyTimes[slowest] ?? Number.NaN,
      atMost: 100,
      unit: "ms",
    },
  ];
}

async function pageTimes(team: Team, runs: number): Promise<Readonly<Record<string, number>>> {
  const visitor = new WebVisitor(team.server);
  await visitor.signIn("admin", password);
  const { id, name } = anObject(team);
  const times: Record<string, number> = {};
  for (const [what, path] of Object.entries(asked)) {
    const first = path.replace("%ID%", id).replace("%NAME%", name);
    times[what] = await timed(visitor, first, runs);
    const last = await pageBehind(visitor, first);
    if (last !== null) times[`${what}, ${deep} pages on`] = await timed(visitor, last, runs);
  }
  return times;
}

async function timed(visitor: WebVisitor, path: string, runs: number): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run <= runs; run++) {
    const start = performance.now();
    const { status, text } = await visitor.get(path);
    if (run > 0) times.push(performance.now() - start);
    if (status !== 200) throw new Error(`${path} was answered ${status}: ${text}`);
  }
  return summary(times).median;
}

/** The path of a later page of a list; `null` where there is but one. */
async function pageBehind(visitor: WebVisitor, first: string): Promise<string | null> {
  let path = first;
  for (let page = 0; page < deep; page++) {
    const { text } = await visitor.get(path);
    const next = /<a href="([^"]+)" rel="next"/.exec(text)?.[1]?.replaceAll("&amp;", "&");
    if (next === undefined) return page === 0 ? null : path;
    path = next;
  }
  return path;
}

/** A team whose server has so much in it: a few machines made by the client, and copies of them made in the database. */
async function filledTeam(size: Size): Promise<Team> {
  const team = await createTeam({ users });
  const folder = team.server.folder;
  const file = join(folder, "password");
  await Bun.write(file, `${password}\n`);
  const { code, stderr } = await team.server.command(["user", "password", "admin", "--password-file", file]);
  if (code !== 0) throw new Error(stderr);
  await makeMachines(team, { names: ["template"], members: users.map((name) => team.user(name)) });
  await team.server.stop();
  using database = new Database(team.server.database, { strict: true });
  fill(database, size);
  await team.server.start();
  return team;
}

function anObject({ server }: Team): { id: string; name: string } {
  using database = new Database(server.database, { readonly: true });
  const found = database
    .query<{ id: string; name: string }, []>(
      "select id, name from objects where name like 'host%' order by name limit 1",
    )
    .get();
  if (found === null) throw new Error("The store is empty.");
  return found;
}

function fill(database: Database, { objects, rows }: Size): void {
  database.exec("pragma synchronous = off; pragma foreign_keys = off; begin");
  const uuid = "lower(printf('%08x-0000-4000-8000-%012x', n, n))";
  const numbers = (count: number) =>
    `with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < ${count})`;
  database.exec(`create temporary table copies as ${numbers(objects)}
    select n, ${uuid} as id, printf('host%06d.example.com', n) as name, t.id as old, t.name as old_name
    from numbers, (select id, name from objects where name = 'template') t`);
  database.exec("create index temp.copies_old on copies(old)");
  const copied = (table: string, changes: Readonly<Record<string, string>>, join: string) => {
    const columns = database
      .query<{ name: string }, []>(`select name from pragma_table_info('${table}')`)
      .all()
      .map(({ name }) => name);
    const values = columns.map((column) => changes[column] ?? `o.${column}`);
    database.exec(
      `insert into ${table} (${columns.join(", ")}) select ${values.join(", ")} from copies c join ${table} o on ${join}`,
    );
  };
  const value = "o.id || printf('%x', c.n)";
  copied("objects", { id: "c.id", name: "c.name", live_name: "c.name" }, "o.id = c.old");
  copied(
    "revisions",
    {
      object_id: "c.id",
      manifest: "replace(replace(o.manifest, c.old, c.id), '\"template\"', '\"' || c.name || '\"')",
    },
    "o.object_id = c.old",
  );
  copied("members", { object_id: "c.id" }, "o.object_id = c.old");
  copied("stored_values", { id: value, object_id: "c.id" }, "o.object_id = c.old");
  copied(
    "properties",
    { object_id: "c.id", value_id: "o.value_id || printf('%x', c.n)" },
    "o.object_id = c.old",
  );
  database.exec(`insert into audit (id, time, user_name, fingerprint, action, object_id, object_name, property, address, outcome, detail, refused)
    ${numbers(rows)}
    select printf('%08x-0000-7000-8000-000000000000', n),
      strftime('%Y-%m-%dT%H:%M:%fZ', 'now', printf('-%f seconds', (${rows} - n) * 7776000.0 / ${rows})),
      substr('alicebob  caroldave erin ', 1 + 5 * (n % 5), 5), '',
      case when n % 10 < 6 then 'read' when n % 10 < 8 then 'show' when n % 10 = 8 then 'list' else 'set' end,
      lower(printf('%08x-0000-4000-8000-%012x', 1 + n % ${objects}, 1 + n % ${objects})),
      printf('host%06d.example.com', 1 + n % ${objects}), 'password', '192.0.2.1',
      case when n % 200 = 0 then 'forbidden' else 'ok' end, '', n % 200 = 0
    from numbers`);
  database.exec("update audit set user_name = trim(user_name)");
  database.exec("commit; analyze");
}
