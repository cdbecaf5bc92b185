// Whom a change is shared with is asked about once: the keys that are listed for them now, and on which machines.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readable } from "@pstore/core/fingerprint";
import { exportPublic } from "./support/gnupg.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";

let team: Team;
let walter: User;
let eve: User;
let bob: User;

beforeAll(async () => {
  team = await createTeam({ users: ["walter", "eve", "bob"] });
  [walter, eve, bob] = team.users("walter", "eve", "bob");
  await does(walter, ["-c", "web1", "+bob"], "x\n");
  await does(walter, ["-c", "web2", "+bob", "+eve"], "x\n");
  await does(walter, ["-c", "web3", "+bob"], "x\n");
}, 60_000);
afterAll(() => team.dispose());

const shown = ({ name, key }: User) => `${name} (${readable(key)})`;

/** The question that a change without anybody to ask ends with. */
async function asked(user: User, args: readonly string[]): Promise<string> {
  const { code, stderr } = await user.pstore(args, { stdin: "x" });
  expect(code).toBe(1);
  return /Share .*? only\?/.exec(stderr)?.[0] ?? stderr;
}

test("the question says who is where", async () => {
  const newcomer = await team.add("joe");
  for (const name of ["web1", "web2", "web3"]) await does(walter, [name, "+joe"]);
  const terminal = newcomer.terminal(["--each", "web*", "+joe"], { columns: 600 });
  await terminal.waitFor("Change who has access");
  terminal.type("y\r");
  await terminal.waitFor(" only? [y/N] ");
  terminal.type("n\r");
  const { output } = await terminal.exit;
  expect(output).toContain(
    `Share these 3 machines also with ${shown(bob)}, ${shown(walter)}, and 'web2' with ${shown(eve)}, known from the server's word only? [y/N] `,
  );
  expect(await asked(newcomer, ["web2", "-ps", "note"])).toBe(
    `Share this machine also with ${shown(bob)}, ${shown(eve)}, ${shown(walter)}, known from the server's word only?`,
  );
  await does(newcomer, ["--each", "web*", "-ps", "note", "--yes"], "x");
  await does(newcomer, ["web2", "-ps", "note"], "y");
});

test("who is on some of several is told with how many", async () => {
  const ida = await team.add("ida");
  for (const name of ["app1", "app2", "app3"]) await does(walter, ["-c", name, "+ida", "+bob"], "x\n");
  for (const name of ["app1", "app2"]) await does(walter, [name, "+eve"]);
  await does(ida, ["--trust", "walter", "--trust", "bob", "--yes"]);
  const terminal = ida.terminal(["--each", "app*", "+walter"], { columns: 600 });
  await terminal.waitFor("Change who has access");
  terminal.type("y\r");
  await terminal.waitFor(" only? [y/N] ");
  terminal.type("n\r");
  expect((await terminal.exit).output).toContain(
    `Share 2 of these 3 machines also with ${shown(eve)}, known from the server's word only? [y/N] `,
  );
});

test("of a user, just the keys that are listed now matter: none that was removed, and none that is trusted", async () => {
  const kim = await team.add("kim");
  const ann = await team.add({ name: "ann", makeKeys: [{}, {}], keys: [] });
  const [old, present] = ann.keys as [User["keys"][number], User["keys"][number]];
  await team.server.addKey("ann", await exportPublic(ann.gnupg, old.fingerprint));
  await does(walter, ["-c", "db1", "+kim", "+ann"], "x\n");
  await does(kim, ["--trust", "walter", "--yes"]);
  expect(await asked(kim, ["db1", "-ps", "note"])).toContain(`also with ann (${readable(ann.key)})`);
  await team.server.addKey("ann", await exportPublic(ann.gnupg, present.fingerprint));
  await team.server.command(["key", "remove", old.fingerprint]);
  await does(kim, ["--trust", "ann", "--yes"]);
  // By somebody else: who names a user means them, with all of their keys.
  await does(walter, ["--trust", "ann", "--rewrap=ann", "--yes"]);
  const changed = await kim.pstore(["db1", "-ps", "note"], { stdin: "x" });
  expect({ code: changed.code, stderr: changed.stderr }).toEqual({ code: 0, stderr: "" });
});
