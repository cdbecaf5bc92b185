// What --history tells of a machine and of a property, and what --restore says of those who know what it brings back.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createTeam, does, type Team, type User } from "./support/team.ts";

let team: Team;
let walter: User;
let joe: User;
let alex: User;
let boss: User;

beforeAll(async () => {
  team = await createTeam({
    users: ["walter", "joe", "alex", { name: "boss", flags: ["--view-any"] }],
  });
  [walter, joe, alex, boss] = team.users("walter", "joe", "alex", "boss");
}, 60_000);
afterAll(() => team.dispose());

const rule = "-".repeat(72);
const header = `  Revision  Time                 Author       Change\n${rule}\n`;
/** The times of a table, which no test can know, as a text of the same width. */
const timeless = (text: string) =>
  text.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "YYYY-MM-DDThh:mm:ssZ");

async function fails(user: User, args: readonly string[]): Promise<string> {
  const { code, text, stderr } = await user.pstore(args);
  expect({ args, code, text }).toEqual({ args, code: 1, text: "" });
  return stderr;
}

/** The warnings of a command that must succeed. */
async function warnings(user: User, args: readonly string[]): Promise<readonly string[]> {
  const { code, stderr } = await user.pstore(args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: expect.anything() });
  return stderr.split("\n").filter((line) => line.startsWith("WARNING: "));
}

describe("--history", () => {
  beforeAll(async () => {
    await does(walter, ["-c", "db", "+joe:read"], "first\n");
    await does(walter, ["db", "-ps", "ip"], "1.2.3.4");
    await does(walter, ["-P", "db", "+alex"], "second\n");
    await does(walter, ["db", "+joe"]);
    await does(joe, ["db", "-pe", "a key, for x", "--yes"], "k");
    await does(walter, ["db", "^alex", "-pd", "ip", "--yes"]);
    await does(walter, ["db", "--restore", "1", "password"]);
    await does(walter, ["db", "-pe", "note"], "secret");
    await does(walter, ["db", "-ps", "note", "--yes"], "public");
    await does(joe, ["db", "--rename", "db2", "--yes"]);
  }, 60_000);

  const table = `${header}\
         1  YYYY-MM-DDThh:mm:ssZ walter       created, +joe:read, set password
         2  YYYY-MM-DDThh:mm:ssZ walter       set ip
         3  YYYY-MM-DDThh:mm:ssZ walter       +alex, set password
         4  YYYY-MM-DDThh:mm:ssZ walter       +joe (was read)
         5  YYYY-MM-DDThh:mm:ssZ joe          set 'a key, for x'
         6  YYYY-MM-DDThh:mm:ssZ walter       ^alex, dropped ip
         7  YYYY-MM-DDThh:mm:ssZ walter       restored password from 1
         8  YYYY-MM-DDThh:mm:ssZ walter       set note
         9  YYYY-MM-DDThh:mm:ssZ walter       set note (now public)
        10  YYYY-MM-DDThh:mm:ssZ joe          renamed from 'db'
`;

  test("lists who changed what, and when, oldest first", async () => {
    const { code, text, stderr } = await walter.pstore(["db2", "--history"]);
    expect({ code, text: timeless(text), stderr }).toEqual({ code: 0, text: table, stderr: "" });
    const times = [...text.matchAll(/\d{4}-\d\d-\d\dT\S+/g)].map(([time]) => time);
    expect(times).toEqual(times.toSorted());
    expect(Math.abs(Date.parse(times[0] ?? "") - Date.now())).toBeLessThan(3_600_000);
  });

  test("is the same for a client that sees the machine for the first time", async () => {
    await joe.forgetState();
    expect(timeless(await does(joe, ["--history", "db2"]))).toBe(table);
  });

  test("is there for privileged users with -a, and for nobody else who is no member", async () => {
    expect(await fails(boss, ["db2", "--history"])).toContain("there is no machine 'db2'");
    expect(timeless(await does(boss, ["-a", "db2", "--history"]))).toBe(table);
    expect(await fails(alex, ["db2", "--history"])).toContain("there is no machine 'db2'");
  });

  test("of a property lists what became of it, marks what can be brought back, and says how", async () => {
    const { text, stderr } = await walter.pstore(["db2", "--history", "password"]);
    expect(timeless(text)).toBe(`${header}\
         1  YYYY-MM-DDThh:mm:ssZ walter       set password
*        3  YYYY-MM-DDThh:mm:ssZ walter       set password
         7  YYYY-MM-DDThh:mm:ssZ walter       restored password from 1
`);
    expect(stderr).toBe("NOTICE: * is still kept: pstore db2 --restore REVISION password brings it back\n");
    expect(timeless(await does(walter, ["db2", "--history", "ip"]))).toBe(`${header}\
*        2  YYYY-MM-DDThh:mm:ssZ walter       set ip
         6  YYYY-MM-DDThh:mm:ssZ walter       dropped ip
`);
    expect(timeless(await does(walter, ["db2", "--history", "NOTE"]))).toBe(`${header}\
*        8  YYYY-MM-DDThh:mm:ssZ walter       set note
         9  YYYY-MM-DDThh:mm:ssZ walter       set note (now public)
`);
  });

  test("marks nothing where there is nothing to bring back, and then says nothing of it", async () => {
    const { text, stderr } = await walter.pstore(["db2", "--history", "a key, for x"]);
    expect(timeless(text)).toBe(
      `${header}         5  YYYY-MM-DDThh:mm:ssZ joe          set 'a key, for x'\n`,
    );
    expect(stderr).toBe("");
  });

  test("marks for each what they could read, and the public values", async () => {
    await does(walter, ["db2", "+alex"]);
    const ofAlex = async (property: string) =>
      [...(await does(alex, ["db2", "--history", property])).matchAll(/^\* +(\d+)/gm)].map(
        (match) => match[1],
      );
    expect(await ofAlex("password")).toEqual(["3"]);
    expect(await ofAlex("note")).toEqual([]);
    expect(await ofAlex("ip")).toEqual(["2"]);
  });

  test("takes nothing that is kept for read", async () => {
    const db = new Database(team.server.database, { readonly: true });
    const reads = () => db.query("SELECT count(*) FROM audit WHERE action = 'read'").values();
    const before = reads();
    await does(walter, ["db2", "--history", "password"]);
    expect(reads()).toEqual(before);
    db.close();
  });

  test("as JSON holds all of it", async () => {
    const all = JSON.parse(await does(walter, ["db2", "--history", "--json"]));
    expect(all).toHaveLength(11);
    expect(all[0]).toEqual({
      revision: 1,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      author: "walter",
      key: `openpgp:${walter.fingerprint}`,
      changes: [
        { what: "created" },
        { what: "allowed", user: "joe", access: "read" },
        { what: "allowed", user: "walter", access: "write" },
        { what: "set", property: "password", kind: "encrypted", size: 256 },
      ],
    });
    const changes = (revision: number) => all[revision - 1].changes;
    expect(changes(4)).toEqual([{ what: "access", user: "joe", from: "read", to: "write" }]);
    expect(changes(6)).toEqual([
      { what: "revoked", user: "alex" },
      { what: "dropped", property: "ip" },
    ]);
    expect(changes(7)).toEqual([
      { what: "restored", property: "password", kind: "encrypted", size: 256, from: 1 },
    ]);
    expect(changes(10)).toEqual([{ what: "renamed", from: "db" }]);
    const some = JSON.parse(await does(walter, ["db2", "--history", "password", "--json"]));
    expect(
      some.map((one: { revision: number; restorable: boolean }) => [one.revision, one.restorable]),
    ).toEqual([
      [1, false],
      [3, true],
      [7, false],
    ]);
  });

  test("names what is not there", async () => {
    expect(await fails(walter, ["db2", "--history", "nothing"])).toBe(
      "error: 'db2' has never had a property 'nothing'\n",
    );
    expect(await fails(walter, ["nowhere", "--history"])).toContain("there is no machine 'nowhere'");
  });

  test("is there when the machine is deleted, and what became of it then", async () => {
    await does(walter, ["-c", "gone"], "one\n");
    await does(walter, ["-P", "gone"], "two\n");
    await does(walter, ["-D", "gone", "--yes"]);
    const { text, stderr } = await walter.pstore(["gone", "--history", "password"]);
    expect(timeless(text)).toBe(`${header}\
*        1  YYYY-MM-DDThh:mm:ssZ walter       set password
*        2  YYYY-MM-DDThh:mm:ssZ walter       set password
`);
    expect(stderr).toBe(
      "NOTICE: * is still kept: pstore gone --restore REVISION brings the machine back as it was then\n",
    );
    await does(walter, ["gone", "--restore", "1"]);
    expect(timeless(await does(walter, ["gone", "--history"]))).toBe(`${header}\
         1  YYYY-MM-DDThh:mm:ssZ walter       created, set password
         2  YYYY-MM-DDThh:mm:ssZ walter       set password
         3  YYYY-MM-DDThh:mm:ssZ walter       deleted
         4  YYYY-MM-DDThh:mm:ssZ walter       undeleted, restored password from 1
`);
    expect(await does(walter, ["gone"])).toBe("password = one\n");
  });
});

describe("--restore names whoever knows the value, but may not read it", () => {
  let machines = 0;
  /** joe could read `first`, and is out since revision 3; alex came with `second`. */
  async function machine(): Promise<string> {
    const name = `restored${++machines}`;
    await does(walter, ["-c", name, "+joe"], "first\n");
    await does(walter, [name, "-ps", "ip"], "1.2.3.4");
    await does(walter, ["-P", name, "+alex", "^joe"], "second\n");
    return name;
  }
  const knows = (user: string, how: string, what: string) =>
    `WARNING: ${user}, ${how}, could read this '${what}' and still knows it; change it`;

  test("by the revision that took their access, and who made it", async () => {
    const name = await machine();
    expect(await warnings(walter, [name, "--restore", "1", "password"])).toEqual([
      knows("joe", "revoked in revision 3 by walter", "password"),
    ]);
    // Both may read what stands: alex came when it did.
    expect(await warnings(walter, [name, "--restore", "3", "password"])).toEqual([]);
  });

  test("not who came and went when another value stood", async () => {
    const name = await machine();
    await does(walter, [name, "^alex"]);
    expect(await warnings(walter, [name, "--restore", "1", "password"])).toEqual([
      knows("joe", "revoked in revision 3 by walter", "password"),
    ]);
    expect(await warnings(walter, [name, "--restore", "3", "password"])).toEqual([
      knows("alex", "revoked in revision 4 by walter", "password"),
    ]);
  });

  test("not who may read again, or may with this very command", async () => {
    const name = await machine();
    expect(await warnings(walter, [name, "--restore", "1", "password", "+joe"])).toEqual([]);
    await does(walter, ["-P", name], "fourth\n");
    expect(await warnings(walter, [name, "--restore", "1", "password"])).toEqual([]);
  });

  test("and who goes with this very command", async () => {
    const name = await machine();
    await does(walter, ["-P", name], "third\n");
    expect(await warnings(walter, [name, "--restore", "3", "password", "^alex"])).toEqual([
      knows("alex", "revoked with this change", "password"),
    ]);
  });

  test("not for a public value", async () => {
    const name = await machine();
    await does(walter, [name, "-ps", "ip"], "5.6.7.8");
    expect(await warnings(walter, [name, "--restore", "2", "ip"])).toEqual([]);
    expect(await does(walter, [name, "ip"])).toBe("1.2.3.4");
  });

  test("for all values that come back together", async () => {
    const name = await machine();
    await does(walter, [name, "-pe", "pin"], "1");
    await does(walter, [name, "+joe"]);
    await does(walter, ["-P", name, "^joe"], "third\n");
    await does(walter, [name, "-pe", "pin"], "2");
    expect(await warnings(walter, [name, "--restore", "5"])).toEqual([
      "WARNING: joe, revoked in revision 6 by walter, could read these 'password', 'pin' and still knows them; change them",
    ]);
  });
});
