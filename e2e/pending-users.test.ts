// Some of those who wait are let in, and others not; and what is said where a key of somebody has changed.
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { ObjectRow } from "@pstore/core/api/schemas";
import { openpgpFingerprint, readable } from "@pstore/core/fingerprint";
import { exportPublic, generateKey } from "./support/gnupg.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";

let team: Team;
let walter: User;

beforeAll(async () => {
  team = await createTeam({ users: ["walter"] });
  walter = team.user("walter");
}, 60_000);
afterAll(() => team.dispose());

const rule = "-".repeat(72);
const shown = (user: User) => readable(openpgpFingerprint(user.fingerprint));

/** Users who wait on a machine, and got a key meanwhile. */
async function waiting(machine: string, ...names: readonly string[]): Promise<User[]> {
  const users: User[] = [];
  for (const name of names) users.push(await team.add({ name, keys: [] }));
  await does(walter, ["-c", machine, ...names.map((name) => `+${name}`), "--pending"], "secret\n");
  for (const user of users) await team.server.addKey(user.name, await user.publicKey());
  return users;
}

async function stillWaiting(machine: string): Promise<string[]> {
  const { members } = JSON.parse(await does(walter, [machine, "--json"])) as ObjectRow;
  return members.filter(({ pending }) => pending).map(({ user }) => user);
}

test("only who is named is shown, asked about, pinned and let in", async () => {
  const [joe, nia, max] = (await waiting("web1", "joe", "nia", "max")) as [User, User, User];
  const terminal = walter.terminal(["--pending=joe"], { columns: 400 });
  await terminal.waitFor(`Let joe in on 'web1' with ${shown(joe)}? [y/N] `);
  terminal.type("y\r");
  const { code, output } = await terminal.exit;
  expect(code).toBe(0);
  expect(output.replaceAll("\r", "")).toBe(
    `User         Waits on                  Key\n${rule}\njoe          web1                      ${shown(joe)}\nLet joe in on 'web1' with ${shown(joe)}? [y/N] y\nNOTICE: first sight of joe, whose key is now pinned: ${shown(joe)}\nNOTICE: joe was let in on 'web1'\n`,
  );
  expect(await does(joe, ["-pg", "web1", "password"])).toBe("secret");
  expect(await stillWaiting("web1")).toEqual(["max", "nia"]);
  for (const { name } of [nia, max])
    expect(await does(walter, [`--keys=${name}`])).toMatch(/ not pinned +0 of 1\n$/);

  const { stderr } = await walter.pstore(["--pending=nia", "--pending=max", "--yes"]);
  expect(stderr).toEndWith("NOTICE: max was let in on 'web1' and nia on 'web1'\n");
  expect(await stillWaiting("web1")).toEqual([]);
});

test("who waits nowhere is told of, and who is mistyped stops it", async () => {
  const [ida] = (await waiting("web2", "ida")) as [User];
  await team.add("bob");
  expect(await walter.pstore(["--pending=bob"])).toMatchObject({
    code: 0,
    text: "",
    stderr: "NOTICE: bob does not wait to be let in on the machines that you see\n",
  });
  expect(await walter.pstore(["--pending=ida", "--pending=bbo", "--yes"])).toMatchObject({
    code: 1,
    text: "",
    stderr: "error: the store knows no user 'bbo'\n",
  });
  expect(await stillWaiting("web2")).toEqual(["ida"]);
  expect(JSON.parse(await does(walter, ["--pending=bob", "--json"]))).toMatchObject({ waiting: [] });
  expect(await does(ida, ["--pending=ida"])).toBe("");
  expect((await ida.pstore(["--pending=ida"])).stderr).toBe(
    "NOTICE: you wait to be let in on 'web2': ask walter to run pstore --pending\n",
  );
  await does(walter, ["--pending=ida", "--yes"]);
});

test("who has no key yet, or none any more, is told apart, with what comes next", async () => {
  const [old] = [await team.add("old")];
  await does(walter, ["-c", "web3", "+old"], "secret\n");
  await team.server.command(["key", "remove", old.fingerprint]);
  await team.add({ name: "new", keys: [] });
  await does(walter, ["web3", "+new", "-ps", "note", "--pending"], "x");
  expect(await walter.pstore(["--pending"])).toMatchObject({
    code: 0,
    text: `User         Waits on                  Key\n${rule}\nnew          web3                      no key yet\nold          web3                      ${shown(old)}, removed at the store\n`,
    stderr:
      "NOTICE: once an admin has added a usable key, new or renewed (pstore-server key add USER FILE), pstore --pending lets new and old in\n",
  });
  const { waiting } = JSON.parse(await does(walter, ["--pending", "--json"]));
  expect(waiting).toMatchObject([
    { user: "new", state: "without-key", keys: [] },
    { user: "old", state: "without-key", keys: [{ fingerprint: old.key, state: "removed" }] },
  ]);
  await does(walter, ["web3", "^old", "^new"]);
});

test("a changed key of an author is warned of once, for all machines that cannot be looked at", async () => {
  const ann = await team.add("ann");
  const kim = await team.add("kim");
  const names = ["db1", "db2", "db3"];
  for (const user of [walter, kim]) await does(user, ["--trust", "ann", "--yes"]);
  const { fingerprint } = await generateKey(ann.gnupg, { userId: "ann <ann@example.com>" });
  await team.server.addKey("ann", await exportPublic(ann.gnupg, fingerprint));
  await team.server.command(["key", "remove", ann.fingerprint]);
  for (const name of names) await does(ann, ["-c", name, "+walter", "+kim"], "secret\n");

  const left = `'db1', 'db2', 'db3' are left out: THE KEY OF ann HAS CHANGED: pinned ${shown(ann)}, but the server gives ${readable(openpgpFingerprint(fingerprint))}; `;
  const { code, text, stderr } = await walter.pstore(["--pending"]);
  const [warning, ...more] = stderr.trimEnd().split("\n");
  expect({ code, text, warning, more }).toEqual({
    code: 1,
    text: "",
    warning: expect.stringContaining(`WARNING: ${left}`),
    more: ["NOTICE: nobody waits to be let in on the other machines"],
  });
  // Where nothing could be looked at, nothing is claimed.
  for (const args of [["--pending"], ["--pending=walter"]]) {
    const kims = await kim.pstore(args);
    expect(kims).toMatchObject({ code: 1, text: "" });
    expect(kims.stderr.trimEnd().split("\n")).toEqual([expect.stringContaining(`WARNING: ${left}`)]);
  }
  for (const args of [["--rewrap"], ["--offboard", "kim", "--yes"]]) {
    const warnings = (await walter.pstore(args)).stderr.match(/THE KEY OF ann HAS CHANGED/g);
    expect({ args, warnings }).toEqual({ args, warnings: ["THE KEY OF ann HAS CHANGED"] });
  }
});
