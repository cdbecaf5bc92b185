// bun bench/stores/bare-server.ts PORT: bare routes that give, straight from the database's driver, what a store's server
// gives: without a look at who asks, and without a row in a log.
import { Hono } from "hono";
import { bareDriver, type Statement } from "./bare-driver.ts";

const time = "2026-01-01T00:00:00.000Z";
const driver = bareDriver(process.env["PSTORE_DATABASE"] ?? "");
const app = new Hono();

app.get("/challenge", (context) => context.json({ challenge: "c".repeat(75), expiresIn: 300 }));

app.get("/object", async (context) => {
  const rows = await driver.all({
    text: `select r.manifest, r.position, r.path, c.body, c.signature from objects o
      inner join revisions r on r.object_id = o.id and r.revision = o.revision
      inner join commits c on c.digest = r.commit_digest where o.live_name = ?`,
    parameters: [context.req.query("name") ?? ""],
  });
  if (context.req.query("log") !== undefined) await driver.together([logRow()]);
  return context.json(rows[0] ?? null);
});

/** What a store keeps of each read, before anybody sees what was read. */
const logRow = (): Statement => ({
  text: `insert into audit (id, time, user_name, fingerprint, action, object_id, object_name, property, address, outcome, detail, refused)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  parameters: [Bun.randomUUIDv7(), time, "user", "", "show", "", "host", "", "127.0.0.1", "ok", "", 0],
});

/** SQLite must be told at which table to begin, and the others take that as well. */
const ofMember =
  "from members m cross join objects o where o.id = m.object_id and m.user_id = ? and o.live_name is not null";

app.get("/list", async (context) => {
  const rows = await driver.all({
    text: `select o.id, o.live_name, m.access ${ofMember} order by o.live_name`,
    parameters: [context.req.query("user") ?? ""],
  });
  return context.json(rows);
});

app.get("/search", async (context) => {
  const rows = await driver.all({
    text: `select o.id, o.live_name ${ofMember} and lower(o.live_name) like ? order by o.live_name`,
    parameters: [context.req.query("user") ?? "", `%${context.req.query("text") ?? ""}%`],
  });
  return context.json(rows);
});

interface Commit {
  readonly object: string;
  readonly manifest: string;
}

app.post("/commit", async (context) => {
  const { object, manifest } = (await context.req.json()) as Commit;
  await driver.together(commitStatements(object, manifest));
  return context.json({ done: true });
});

const bytes = new Uint8Array(300);

/** All that a commit of one object writes, but for the log and the marks of what it replaces. */
function commitStatements(object: string, manifest: string): readonly Statement[] {
  const digest = crypto.randomUUID();
  const [one, other] = [crypto.randomUUID(), crypto.randomUUID()];
  const revision = Math.floor(Math.random() * 2 ** 40) + 1000;
  const stored = (id: string, property: string) => [id, 300, digest, bytes, object, property, revision, time];
  return [
    {
      text: "insert into commits (digest, body, signature, author, author_key, received) values (?, ?, ?, ?, ?, ?)",
      parameters: [digest, "b".repeat(150), "s".repeat(250), "user", "key", time],
    },
    {
      text: "insert into revisions (object_id, revision, manifest, digest, commit_digest, position, path) values (?, ?, ?, ?, ?, ?, ?)",
      parameters: [object, revision, manifest, digest, digest, 0, ""],
    },
    { text: "update objects set revision = ? where id = ?", parameters: [revision, object] },
    {
      text: `insert into stored_values (id, size, digest, piece_digests, object_id, property, revision, created)
        values (?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?)`,
      parameters: [...stored(one, "address"), ...stored(other, "password")],
    },
    {
      text: "insert into value_pieces (value_id, seq, bytes) values (?, ?, ?), (?, ?, ?)",
      parameters: [one, 0, bytes, other, 0, bytes],
    },
    {
      text: `insert into wrapped_keys (value_id, fingerprint, subkey, bytes)
        select ?, fingerprint, subkey, bytes from wrapped_keys where value_id = ?`,
      parameters: [other, object.replace("-0000-", "-0002-")],
    },
    {
      text: "update properties set value_id = ?, revision = ? where object_id = ? and name = ?",
      parameters: [one, revision, object, "address"],
    },
    {
      text: "update properties set value_id = ?, revision = ? where object_id = ? and name = ?",
      parameters: [other, revision, object, "password"],
    },
  ];
}

const server = Bun.serve({ hostname: "127.0.0.1", port: Number(process.argv[2]), fetch: app.fetch });
console.log(`listening on ${server.url}`);
