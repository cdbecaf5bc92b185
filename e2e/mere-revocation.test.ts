// Who leaves goes, whatever became of those who stay: nothing is encrypted to anybody for it, so nobody needs a key.

import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openpgpFingerprint, readable } from "@pstore/core/fingerprint";
import { exportPublic, generateKey, revokeKey } from "./support/gnupg.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";

let team: Team;
let walter: User;
let ann: User;

beforeAll(async () => {
  team = await createTeam({ users: ["walter", "ann"] });
  [walter, ann] = team.users("walter", "ann");
}, 60_000);
afterAll(() => team.dispose());

type Listed = { user: string; pending: boolean };
const membersOf = async (user: User, machine: string) =>
  (JSON.parse(await does(user, [machine, "--json"])) as { members: Listed[] }).members;
const namesOf = async (user: User, machine: string) =>
  (await membersOf(user, machine)).map((member) => member.user).sort();

function commits(): number {
  using database = new Database(team.server.database, { readonly: true });
  return database.query<{ count: number }, []>("SELECT count(*) AS count FROM commits").get()?.count ?? 0;
}

/** Colleagues of whom each has come to another end, on machines with somebody who leaves. */
async function crowd(leaver: string, machines: readonly string[]): Promise<void> {
  const kinds = ["disabled", "removed", "keyless", "revoked"].map((kind) => `${leaver}-${kind}`);
  const users = await Promise.all([leaver, ...kinds].map((name) => team.add(name)));
  for (const name of machines)
    await does(walter, ["-c", name, ...users.map((user) => `+${user.name}`), "+ann"], "x\n");
  const [, disabled, removed, keyless, revoked] = users as [User, User, User, User, User];
  await team.server.command(["user", "disable", disabled.name]);
  await team.server.command(["user", "remove", removed.name, "--yes"]);
  await team.server.command(["key", "remove", keyless.fingerprint]);
  await revokeKey(revoked.gnupg, revoked.fingerprint);
  await team.server.addKey(revoked.name, await revoked.publicKey());
}

const stay = (leaver: string) =>
  [
    `${leaver}-disabled`,
    `${leaver}-removed`,
    `${leaver}-keyless`,
    `${leaver}-revoked`,
    "ann",
    "walter",
  ].sort();

describe("whatever became of the others", () => {
  test("^USER revokes, and leaves them as they were, without a word; any other change stops as before", async () => {
    await crowd("max", ["max1"]);
    const { code, text, stderr } = await walter.pstore(["max1", "^max"]);
    expect({ code, text, stderr }).toEqual({
      code: 0,
      text: "",
      stderr: "NOTICE: max still knows the present values of 'max1' (password) until they are changed\n",
    });
    expect(await namesOf(walter, "max1")).toEqual(stay("max"));
    expect((await membersOf(walter, "max1")).filter(({ pending }) => pending)).toEqual([]);
    expect(await does(ann, ["-pg", "max1", "password"])).toBe("x");
    for (const [args, stdin] of [
      [["-P", "max1", "^max-disabled"], "y\n"],
      [["max1", "-ps", "note", "^max-disabled"], "y"],
      [["max1", "^max-disabled", "+ann:read"]],
      [["max1", "--restore", "1", "^max-disabled"]],
    ] as const) {
      const before = commits();
      const refused = await walter.pstore(args, stdin === undefined ? {} : { stdin });
      expect({ args, code: refused.code, commits: commits() }).toEqual({ args, code: 1, commits: before });
      expect(refused.stderr).toContain("error: nothing can be encrypted for max-");
    }
    // One after the other: that two are gone is no deadlock.
    for (const user of ["max-disabled", "max-removed", "max-keyless", "max-revoked"])
      await does(walter, ["max1", `^${user}`]);
    expect(await namesOf(walter, "max1")).toEqual(["ann", "walter"]);
    await does(walter, ["-P", "max1"], "y\n");
  });

  test("--offboard revokes from all machines with one signature", async () => {
    await crowd("rex", ["rex1", "rex2", "rex3"]);
    await does(walter, ["-c", "rex4", "+rex"], "x\n");
    const before = commits();
    const { code, text, stderr } = await walter.pstore(["--offboard", "rex", "--yes"]);
    expect(code).toBe(0);
    expect(commits()).toBe(before + 1);
    expect(text.split("\n").slice(2, -1)).toHaveLength(4);
    expect(stderr).toContain("NOTICE: 4 machines changed\n");
    expect(stderr).not.toContain("WARNING");
    for (const name of ["rex1", "rex2", "rex3"]) expect(await namesOf(walter, name)).toEqual(stay("rex"));
    // They are in nobody's way, neither together nor one by one.
    for (const user of ["rex-disabled", "rex-removed", "rex-keyless", "rex-revoked"])
      expect((await walter.pstore(["--offboard", user, "--yes"])).code).toBe(0);
    expect(await namesOf(walter, "rex1")).toEqual(["ann", "walter"]);
    expect(commits()).toBe(before + 5);
  });

  test("and with --pending too: who may wait does, and who may not keeps nobody in", async () => {
    await team.add("ole");
    const [pia, ivo] = [await team.add("pia"), await team.add("ivo")];
    await does(walter, ["-c", "both1", "+ole", "+pia"], "x\n");
    await does(walter, ["-c", "both2", "+ole", "+pia", "+ivo"], "x\n");
    await team.server.command(["key", "remove", pia.fingerprint]);
    await team.server.command(["user", "disable", ivo.name]);
    await does(walter, ["--offboard", "ole", "--pending", "--yes"]);
    expect(await membersOf(walter, "both1")).toMatchObject([
      { user: "pia", pending: true },
      { user: "walter", pending: false },
    ]);
    expect(await membersOf(walter, "both2")).toMatchObject([
      { user: "ivo", pending: false },
      { user: "pia", pending: false },
      { user: "walter", pending: false },
    ]);
  });

  test("nobody is asked about colleagues that only the server's word speaks for", async () => {
    const [lea] = [await team.add("lea"), await team.add("tom"), await team.add("zoe")];
    await does(walter, ["-c", "known", "+lea", "+tom", "+zoe"], "x\n");
    await does(lea, ["known"]);
    expect((await lea.pstore(["known", "^zoe", "-ps", "note"], { stdin: "x" })).stderr).toContain(
      "Share this machine also with ",
    );
    expect((await lea.pstore(["known", "^zoe"])).code).toBe(0);
    expect(await namesOf(walter, "known")).toEqual(["lea", "tom", "walter"]);
  });

  test("the last who reads stays", async () => {
    const gus = await team.add("gus");
    await does(walter, ["-c", "last", "+gus"], "x\n");
    await team.server.command(["key", "remove", gus.fingerprint]);
    expect((await walter.pstore(["last", "^walter", "^gus"])).stderr).toContain("would have no member left");
    expect((await walter.pstore(["last", "^nobody"])).stderr).toBe(
      "error: nobody has no access to 'last' that ^nobody could revoke\n",
    );
  });
});

describe("--offboard, where one machine cannot be changed", () => {
  let moe: User;
  let why: string;

  beforeAll(async () => {
    moe = await team.add({ name: "moe", makeKeys: [{}, {}], keys: [] });
    await team.add("joe");
    const [old, present] = moe.keys.map(({ fingerprint }) => fingerprint) as [string, string];
    await team.server.addKey("moe", await exportPublic(moe.gnupg, old));
    await does(walter, ["-c", "of-old", "+moe", "+joe"], "x\n");
    await does(moe, ["of-old"]);
    await team.server.addKey("moe", await exportPublic(moe.gnupg, present));
    await does(walter, ["--trust", "moe", "--yes"]);
    await does(walter, ["-c", "of-both", "+moe", "+joe"], "x\n");
    await does(moe, ["--trust", "moe", "--yes", "of-both"]);
    await team.server.command(["key", "remove", old]);
    why = `your key there, ${readable(openpgpFingerprint(old))}, was removed from the store, so you cannot sign the change; ask a colleague to run pstore --rewrap=moe first`;
  });

  test("says so before it asks, and changes nothing where the answer is no", async () => {
    const before = commits();
    const terminal = moe.terminal(["--offboard", "joe"], { columns: 400 });
    await terminal.waitFor("Revoke joe from this machine? [y/N] ");
    terminal.type("n\r");
    const { code, output } = await terminal.exit;
    expect(code).toBe(1);
    const said = output.replaceAll("\r", "");
    expect(said).toContain(`WARNING: 'of-old' is left out: ${why}\n`);
    expect(said.indexOf("left out")).toBeLessThan(said.indexOf("[y/N]"));
    expect(said).not.toContain("change what joe knows");
    expect(said).toEndWith("error: nothing was changed\n");
    expect(commits()).toBe(before);
  });

  test("revokes from the others, and tells at the end what was done", async () => {
    const { code, text, stderr } = await moe.pstore(["--offboard", "joe", "--yes", "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(text)).toMatchObject({
      revoked: ["of-both"],
      remaining: [{ machine: "of-old", writers: ["walter"], why }],
      unseen: [],
    });
    expect(stderr).toContain("WARNING: joe was revoked from 'of-both', and keeps access to 'of-old'\n");
    expect(await namesOf(walter, "of-both")).toEqual(["moe", "walter"]);
    expect(await namesOf(walter, "of-old")).toEqual(["joe", "moe", "walter"]);
    const again = await moe.pstore(["--offboard", "joe"]);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain(
      "WARNING: joe was revoked from no machine, and keeps access to 'of-old'\n",
    );
    expect(again.stderr).not.toContain("has access to no machine");
  });
});

describe("machines that could not be looked at", () => {
  test("are no machines without access, and hold no secrets that nobody knows", async () => {
    const [kim, eva] = [await team.add("kim"), await team.add("eva")];
    await does(eva, ["-c", "eva0", "+kim", "--yes"], "x\n");
    await does(kim, ["eva0"]);
    await team.server.command(["key", "remove", eva.fingerprint]);
    const { fingerprint } = await generateKey(eva.gnupg, { userId: "eva <eva@example.com>" });
    await team.server.addKey("eva", await exportPublic(eva.gnupg, fingerprint));
    await does(eva, ["--trust", "eva", "--yes"]);
    for (const name of ["eva1", "eva2", "eva3"]) await does(eva, ["-c", name, "+kim", "--yes"], "x\n");
    await does(walter, ["-c", "of-walter", "+kim"], "x\n");

    const { code, text, stderr } = await kim.pstore(["--offboard", "ann", "--yes"]);
    expect({ code, text }).toEqual({ code: 1, text: "" });
    expect(stderr).toMatch(/^WARNING: 'eva1', 'eva2', 'eva3' are left out: THE KEY OF eva HAS CHANGED/m);
    expect(stderr).toContain(
      "NOTICE: 3 machines could not be looked at, where ann may have access; they have none to the others\n",
    );
    expect(stderr).toContain("NOTICE: ann knows no secret of the machines that could be looked at\n");
    expect(stderr).not.toContain("that you see\n");

    const evas = await kim.pstore(["--offboard", "eva", "--yes"]);
    expect(evas.code).toBe(1);
    expect(evas.stderr).toContain("are left out: THE KEY OF eva HAS CHANGED");
    expect(evas.text).toContain("eva0 ");
    expect(await namesOf(kim, "eva0")).toEqual(["kim"]);
  });
});
