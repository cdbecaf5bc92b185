// A store with something of everything that the pages of the web admin can show, for who looks at them.
import { Database } from "bun:sqlite";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeMachines } from "./crowd.ts";
import { exportPublic, generateKey, revokeKey } from "./gnupg.ts";
import { addSshUser } from "./ssh-user.ts";
import { createTeam, does, type Team } from "./team.ts";
import { WebVisitor } from "./web-visitor.ts";

/** Of the user `admin`. */
export const password = "correct horse battery staple";

export const script = `<script>alert(1)</script>"onmouseover='alert(1)'`;
const longName = `${"a-machine-whose-name-goes-on-".repeat(8)}${"x".repeat(23)}`;
const longUser = `${"somebody.with.a.very.long.name.".repeat(4)}${"x".repeat(26)}`;

export interface FilledStore extends AsyncDisposable {
  readonly team: Team;
  /** Signed in as `admin`. */
  readonly visitor: WebVisitor;
  /** The address of an object's page, by its name; also of one that is withheld. */
  objectPath(name: string): string;
  /** Of keys: of several sorts, by a word for each. */
  readonly keys: Readonly<Record<"gpg" | "ssh" | "soon" | "script" | "revoked", string>>;
  /** Public keys that are nobody's yet: a good one, and one that has expired. */
  readonly newKey: string;
  readonly oldKey: string;
  /** One of joe's, that was revoked. */
  readonly revokedKey: string;
  readonly names: { readonly object: string; readonly user: string };
}

/** What lets a browser in as `admin`. */
export function cookiesOf({ visitor, team }: FilledStore): { name: string; value: string; url: string }[] {
  return visitor.cookie.split("; ").map((cookie) => {
    const [name = "", value = ""] = cookie.split("=");
    return { name, value, url: team.server.url };
  });
}

/** Makes such a store; it takes some seconds. */
export async function fillStore(): Promise<FilledStore> {
  const team = await createTeam({ users: ["walter", "joe"] });
  try {
    return await fill(team);
  } catch (error) {
    await team.dispose();
    throw error;
  }
}

async function fill(team: Team): Promise<FilledStore> {
  const { server } = team;
  const [walter, joe] = [team.user("walter"), team.user("joe")];
  const file = join(server.folder, "password");
  await writeFile(file, `${password}\n`, { mode: 0o600 });
  await succeeds(team, ["user", "password", "admin", "--password-file", file]);

  const host = await addSshUser(team, "build-host", { type: "ed25519", writeOnly: true });
  const rita = await addSshUser(team, "rita", { type: "rsa", flags: ["--staff", "--view-any"] });
  await server.addUser("leaver", undefined, { flags: ["--full-name", "Lea Leaver"] });
  await server.addUser("ghost");
  await server.addUser(longUser, undefined, {
    flags: ["--full-name", `${script} ${"Wolfeschlegelsteinhausen".repeat(8)}`, "--email", "l@example.com"],
  });
  const more = {
    old: await generateKey(walter.gnupg, { userId: "old", created: "20200101T000000", expires: "30d" }),
    soon: await generateKey(walter.gnupg, { userId: "soon", expires: "10d" }),
    script: await generateKey(joe.gnupg, { userId: `${script} <joe@example.com>`, algorithm: "rsa2048" }),
    new: await generateKey(joe.gnupg, { userId: "Joe's telephone <joe@example.com>", expires: "20d" }),
    revoked: await generateKey(joe.gnupg, { userId: "revoked" }),
  };
  await server.addKey("walter", await exportPublic(walter.gnupg, more.soon.fingerprint));
  await server.addKey("joe", await exportPublic(joe.gnupg, more.script.fingerprint), [
    "--description",
    `${script} of the desk ${"d".repeat(180)}`,
  ]);

  await server.addKey("joe", await exportPublic(joe.gnupg, more.revoked.fingerprint));
  await revokeKey(joe.gnupg, more.revoked.fingerprint);
  await server.addKey("joe", await exportPublic(joe.gnupg, more.revoked.fingerprint));

  await makeMachines(team, {
    names: [
      ...Array.from({ length: 60 }, (_, index) => `web-${String(index).padStart(2, "0")}`),
      longName,
      script,
    ],
    members: [walter, joe, rita],
    password: (name) => `secret of ${name}`,
    properties: () => new Map([["address", "192.0.2.7"]]),
  });
  await does(walter, ["-c", "only walter's"], "one\n");
  await does(walter, ["-P", "web-00", "--yes"], "two\n");
  await does(walter, ["web-00", "-ps", `${script}${"p".repeat(100)}`], "a value");
  await does(joe, ["web-00", "-pg", "password"]);
  await does(walter, ["web-00", "^joe"]);
  await does(joe, ["web-01", "-D", "--yes"]);
  await host.pstore(["-c", "from the host"], { stdin: "x\n" });
  await joe.pstore(["no such machine"]);
  await succeeds(team, ["user", "disable", "leaver", "--yes"]);
  await succeeds(team, ["user", "remove", "ghost", "--yes"]);

  const visitor = new WebVisitor(server);
  await visitor.signIn("admin", password);
  const path = (name: string) => objectPath(server.database, name);
  for (const name of ["web-02", "web-03"]) {
    const withhold = `${path(name)}/withhold`;
    await visitor.post(withhold, { csrf: await visitor.formToken(withhold) });
  }
  spoil(server.database);
  await visitor.post("/health/check", { csrf: await visitor.formToken("/health") });
  return {
    team,
    visitor,
    objectPath: path,
    keys: {
      gpg: `openpgp:${walter.fingerprint}`,
      ssh: rita.key,
      soon: `openpgp:${more.soon.fingerprint}`,
      revoked: `openpgp:${more.revoked.fingerprint}`,
      script: `openpgp:${more.script.fingerprint}`,
    },
    revokedKey: await exportPublic(joe.gnupg, more.revoked.fingerprint),
    oldKey: await exportPublic(walter.gnupg, more.old.fingerprint),
    newKey: await exportPublic(joe.gnupg, more.new.fingerprint),
    names: { object: longName, user: longUser },
    [Symbol.asyncDispose]: () => team.dispose(),
  };
}

async function succeeds(team: Team, args: readonly string[]): Promise<void> {
  const { code, stderr } = await team.server.command(args);
  if (code !== 0) throw new Error(`pstore-server ${args.join(" ")} ended with ${code}: ${stderr}`);
}

function objectPath(database: string, name: string): string {
  using db = new Database(database, { readonly: true });
  const id = db.query<{ id: string }, [string]>("SELECT id FROM objects WHERE name = ?").get(name)?.id;
  if (id === undefined) throw new Error(`There is no object ${name}.`);
  return `/objects/${id}`;
}

const dayLength = 86_400_000;

/** What time brings and no client does: a month that is over, and faults. */
function spoil(database: string): void {
  using db = new Database(database);
  db.run("PRAGMA busy_timeout = 10000");
  db.run(`DELETE FROM wrapped_keys WHERE value_id IN (
    SELECT value_id FROM properties JOIN objects ON objects.id = object_id WHERE objects.name IN ('web-30', 'web-42'))`);
  const insert = db.query("INSERT OR REPLACE INTO days VALUES (?, ?, ?, ?, ?, ?)");
  for (let ago = 40; ago > 0; ago--) {
    const day = new Date(Date.now() - ago * dayLength).toISOString().slice(0, 10);
    const known = ago > 25 || ago < 20;
    const operations = Math.round(400 + 350 * Math.sin(ago));
    const figures = known ? [60 - ago, 6, (60 - ago) * 290] : [null, null, null];
    insert.run(day, operations, ago % 7 === 0 ? 60 : 3, ...figures);
  }
}
