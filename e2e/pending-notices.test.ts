// What is said of members who begin to wait, or leave: why, as far as it is known, and of several in one sentence.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { exportPublic, generateKey, revokeKey } from "./support/gnupg.ts";
import { succeed } from "./support/process.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";

let team: Team;
let walter: User;

beforeAll(async () => {
  team = await createTeam({ users: ["walter"] });
  walter = team.user("walter");
}, 60_000);
afterAll(() => team.dispose());

/** What a command says, without what is said at first sight. */
async function told(args: readonly string[], stdin?: string): Promise<readonly string[]> {
  const { code, stderr } = await walter.pstore(args, stdin === undefined ? {} : { stdin });
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr });
  return stderr.split("\n").filter((line) => line.startsWith("NOTICE: ") && !line.includes("first sight"));
}

test("who has no key yet is told of in one sentence, with all for whom it is so", async () => {
  for (const name of ["una", "udo", "uwe", "ute"]) await team.add({ name, keys: [] });
  for (const name of ["web1", "web2"]) await does(walter, ["-c", name], "x\n");
  await does(walter, ["web1", "+ute", "--pending"]);
  expect(await told(["--each", "web*", "+una", "+udo", "+uwe", "+ute", "--pending", "--yes"])).toEqual([
    "NOTICE: 2 machines changed",
    "NOTICE: una, udo and uwe, who have no key at the store yet, are members of 'web1', 'web2' and read nothing there until pstore --pending lets them in",
    "NOTICE: ute, who has no key at the store yet, is a member of 'web2' and reads nothing there until pstore --pending lets them in",
  ]);
});

test("who had one is told of with what became of it", async () => {
  const old = await team.add({ name: "old", makeKeys: [{ created: "20200101T000000" }] });
  const [gone, lost, bad] = [await team.add("gone"), await team.add("lost"), await team.add("bad")];
  await does(walter, ["-c", "db", "+old", "+gone", "+lost", "+bad"], "x\n");
  for (const subkeys of [[], ["*"]]) {
    const expiry = ["--quick-set-expire", old.fingerprint, "1y", ...subkeys];
    await succeed(["gpg", "--batch", "--no-tty", "--faked-system-time", "20210101T000000!", ...expiry], {
      env: old.gnupg.env,
    });
  }
  await team.server.addKey("old", await old.publicKey());
  for (const { fingerprint } of [gone, lost]) await team.server.command(["key", "remove", fingerprint]);
  await revokeKey(bad.gnupg, bad.fingerprint);
  await team.server.addKey("bad", await bad.publicKey());
  expect(await told(["-P", "db", "--pending"], "y\n")).toEqual([
    "NOTICE: bad, whose key is revoked, is a member of 'db' and reads nothing there until pstore --pending lets them in",
    "NOTICE: gone and lost, whose keys were removed from the store, are members of 'db' and read nothing there until pstore --pending lets them in",
    "NOTICE: old, whose key expired on 2022-01-01, is a member of 'db' and reads nothing there until pstore --pending lets them in",
  ]);
});

test("those who are revoked at once are told of at once", async () => {
  for (const name of ["ada", "bea", "cem"]) await team.add(name);
  for (const name of ["app1", "app2"]) await does(walter, ["-c", name, "+ada", "+bea"], "x\n");
  await does(walter, ["app2", "+cem"]);
  expect(await told(["--each", "app*", "^ada", "^bea", "^cem", "--yes"])).toEqual([
    "NOTICE: 2 machines changed",
    "NOTICE: ada and bea still know the present values of 2 machines until they are changed",
    "NOTICE: cem still knows the present values of 'app2' (password) until they are changed",
  ]);
});

test("a changed key, and one that was removed for another, are mended everywhere by one command", async () => {
  const bob = await team.add("bob");
  await does(walter, ["-c", "bobs", "+bob"], "x\n");
  await team.server.command(["key", "remove", bob.fingerprint]);
  const { fingerprint } = await generateKey(bob.gnupg, { userId: "bob <bob@example.com>" });
  await team.server.addKey("bob", await exportPublic(bob.gnupg, fingerprint));
  const changed = await walter.pstore(["-P", "bobs"], { stdin: "y\n" });
  expect(changed.stderr).toEndWith(
    ", run pstore --trust bob, with --rewrap=bob to encrypt all machines to them at once\n",
  );
  await does(walter, ["--trust", "bob", "--yes"]);
  const removed = await walter.pstore(["-P", "bobs"], { stdin: "y\n" });
  expect(removed.stderr).toContain(
    "encrypt to the present keys of bob (+bob in the same command, or pstore --rewrap=bob for all machines at once), revoke bob (^bob in the same command), or let bob wait",
  );
  await does(walter, ["--rewrap=bob", "--yes"]);
  await does(walter, ["-P", "bobs"], "y\n");
});
