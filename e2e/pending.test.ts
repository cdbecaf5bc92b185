// Members who have no usable key: they stop a change until its author says what shall become of them, wait without being
// forgotten, and are let in by one command once they have a key.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { ObjectRow } from "@pstore/core/api/schemas";
import { openpgpFingerprint, readable } from "@pstore/core/fingerprint";
import { createHomeFolder } from "./support/account.ts";
import { makeMachines } from "./support/crowd.ts";
import { exportPublic, generateKey, revokeKey } from "./support/gnupg.ts";
import { succeed } from "./support/process.ts";
import { generateSshKey } from "./support/ssh-key.ts";
import { SshUser } from "./support/ssh-user.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";

let team: Team;
let walter: User;
let alice: User;

beforeAll(async () => {
  team = await createTeam({ users: ["walter", "alice"] });
  [walter, alice] = team.users("walter", "alice");
  // Nobody is asked about them in what follows.
  await does(walter, ["--trust", "alice", "--yes"]);
  await does(alice, ["--trust", "walter", "--yes"]);
}, 60_000);
afterAll(() => team.dispose());

const rule = "-".repeat(72);

/** A user whose keys are not at the store yet. */
const withoutKey = (name: string) => team.add({ name, keys: [] });

/** An admin gives them to the store. */
async function register(user: User): Promise<void> {
  await team.server.addKey(user.name, await user.publicKey());
}

/** The key of a member comes to its end: it has been there for years, and expired meanwhile. */
async function expire(user: User): Promise<void> {
  for (const subkeys of [[], ["*"]]) {
    const expiry = ["--quick-set-expire", user.fingerprint, "1y", ...subkeys];
    await succeed(["gpg", "--batch", "--no-tty", "--faked-system-time", "20210101T000000!", ...expiry], {
      env: user.gnupg.env,
    });
  }
  await register(user);
}

/** Its owner lets it live on; gpg's `*` would leave out what has expired. */
async function renew(user: User): Promise<void> {
  const [key] = user.keys;
  for (const subkeys of [[], [key?.encryption ?? ""]])
    await succeed(["gpg", "--batch", "--no-tty", "--quick-set-expire", user.fingerprint, "2y", ...subkeys], {
      env: user.gnupg.env,
    });
  await register(user);
}

const shown = (user: User) => readable(openpgpFingerprint(user.fingerprint));

function commits(): number {
  using database = new Database(team.server.database, { readonly: true });
  return database.query<{ count: number }, []>("SELECT count(*) AS count FROM commits").get()?.count ?? 0;
}

/** Runs a command that must fail, having changed nothing, and answers its one sentence. */
async function refused(user: User, args: readonly string[], stdin?: string): Promise<string> {
  const before = commits();
  const { code, text, stderr } = await user.pstore(args, stdin === undefined ? {} : { stdin });
  expect({ code, text, commits: commits() }).toEqual({ code: 1, text: "", commits: before });
  const [sentence, ...more] = stderr.split("\n").filter((line) => line.startsWith("error: "));
  expect(more).toEqual([]);
  return sentence ?? "";
}

/** What a command that succeeds says, without what is said at first sight. */
async function told(user: User, args: readonly string[], stdin?: string): Promise<readonly string[]> {
  const { code, stderr } = await user.pstore(args, stdin === undefined ? {} : { stdin });
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr });
  return stderr.split("\n").filter((line) => line !== "" && !line.includes("first sight"));
}

/** What a client believes of a user's keys. */
function pinnedOf(user: User, name: string): string[] {
  using state = new Database(join(user.home, ".local/state/pstore/state.db"), { readonly: true });
  const rows = state.query<{ fingerprint: string }, [string]>("SELECT fingerprint FROM pin WHERE user = ?");
  return rows.all(name).map(({ fingerprint }) => fingerprint);
}

const membersOf = async (user: User, machine: string) =>
  (JSON.parse(await does(user, [machine, "--json"])) as { members: ObjectRow["members"] }).members;

describe("a newcomer without a key", () => {
  let joe: User;
  const names = Array.from({ length: 100 }, (_, n) => `web${n + 1}`);
  const ask = "ask alice or walter to run pstore --pending";

  beforeAll(async () => {
    joe = await withoutKey("joe");
    await makeMachines(team, { names, members: [walter, alice], password: (name) => `of ${name}` });
  }, 60_000);

  test("stops the change that adds them, which names --pending", async () => {
    const stops =
      "error: joe has no public key at the store, so nothing can be encrypted for them; leave out +joe, let joe wait to be let in (--pending in the same command), or have a usable key added at the store";
    expect(await refused(walter, ["web1", "+joe"])).toBe(stops);
    expect(await refused(walter, ["-P", "web1", "+joe"], "x\n")).toBe(stops);
    expect(await refused(walter, ["-c", "other", "+joe"], "x\n")).toBe(stops);
    expect(await refused(walter, ["--each", "web*", "+joe", "--yes"])).toBe(
      `${stops} (in the way at 'web1')`,
    );
  });

  test("is added to 100 machines with --pending, with one signature", async () => {
    const before = commits();
    expect(await told(walter, ["--each", "web*", "+joe", "--pending", "--yes"])).toContain(
      "NOTICE: joe, who has no key at the store yet, is a member of 'web1', 'web10', 'web100', 'web11', 'web12' and 95 more and reads nothing there until pstore --pending lets them in",
    );
    expect(commits()).toBe(before + 1);
    expect(await does(walter, ["web10"])).toBe("password = of web10\n");
    expect((await does(walter, ["web9"])).length).toBeGreaterThan(0);
  });

  test("is marked in lists, text and JSON", async () => {
    expect(await does(walter, ["web9"])).toContain("password");
    expect(await does(walter, ["eb99"])).toBe(
      `  Machine                   User access\n${rule}\n+ web99                     alice, joe:pending, walter\n`,
    );
    const [row] = JSON.parse(await does(walter, ["eb99", "--json"])) as { members: object[] }[];
    expect(row?.members).toContainEqual({ user: "joe", access: "write", pending: true });
    expect(row?.members).toContainEqual({ user: "walter", access: "write", pending: false });
    expect(await membersOf(walter, "web99")).toContainEqual({
      user: "joe",
      access: "write",
      pending: true,
    } as never);
  });

  test("stays a member through every further change, without a stop and without --pending", async () => {
    for (const args of [
      ["-P", "web1", "--generate"],
      ["web1", "-ps", "note"],
      ["web1", "-pe", "file"],
      ["web1", "-pd", "note", "--yes"],
      ["web1", "--rename", "web1.new"],
      ["web1.new", "--rename", "web1"],
      ["web1", "--restore", "1", "password"],
      ["web1", "+alice:read"],
      ["web1", "+alice"],
    ])
      expect(await told(walter, args, "x")).not.toContain(expect.stringContaining("joe"));
    expect(await membersOf(walter, "web1")).toContainEqual({ user: "joe", access: "write", pending: true });
  });

  test("is refused what reads or writes, once they can sign in, and told whom to ask", async () => {
    await register(joe);
    const sentence = `you are a member of 'web9', but nothing is encrypted to you yet: ${ask}`;
    for (const [args, stdin] of [
      [["-pg", "web9", "password"]],
      [["web9", "password", "--json"]],
      [["--run", "web9", "--", "env"]],
      [["--ssh", "web9", "true"]],
      [["--template", "-"], "{{web9/password}}"],
      [["-P", "web9"], "x\n"],
      [["web9", "-pe", "file"], "x"],
      [["web9", "-ps", "note"], "x"],
      [["web9", "+alice"]],
      [["web9", "^joe"]],
      [["-D", "web9", "--yes"]],
      [["web9", "--restore", "1"]],
      [["--each", "web9", "+alice", "--yes"]],
    ] as const)
      expect(await refused(joe, args, stdin)).toEndWith(sentence);

    const { code, text, stderr } = await joe.pstore(["web9"]);
    expect({ code, text, stderr }).toEqual({
      code: 0,
      text: "password = (256 byte encrypted)\n",
      stderr: `NOTICE: ${sentence}\n`,
    });
    const copied = await joe.terminal(["web9", "--clip"], { env: { SSH_TTY: "/dev/pts/0" } }).exit;
    expect({ code: copied.code, output: copied.output }).toEqual({
      code: 1,
      output: `password = (256 byte encrypted)\r\nerror: ${sentence}\r\n`,
    });
    expect(await told(joe, ["--pending"])).toEqual([
      `NOTICE: you wait to be let in on 'web1', 'web10', 'web100', 'web11', 'web12' and 95 more: ${ask}`,
    ]);
  });

  test("is told of to writers, who are not stopped", async () => {
    const notice = "NOTICE: joe waits to be let in, and has a usable key by now: pstore --pending";
    expect(await told(walter, ["--each", "web*", "-ps", "note", "--yes"], "x")).toContain(notice);
    expect(await told(alice, ["-P", "web1"], "by alice\n")).toEqual([notice]);
    // Nothing is encrypted to a key that nobody has been shown, and none is pinned.
    expect(await membersOf(alice, "web1")).toContainEqual({ user: "joe", access: "write", pending: true });
  });

  const table = (...lines: string[]) =>
    `${[`User         Waits on                  Key`, rule, ...lines].join("\n")}\n`;

  test("is let in everywhere by one command of a writer, which shows the key and asks", async () => {
    const row = `joe          100 machines              ${shown(joe)}`;
    const question = `Let joe in on 100 machines with ${shown(joe)}? [y/N] `;
    const before = commits();
    const declined = walter.terminal(["--pending"]);
    await declined.waitFor(question);
    declined.type("n\r");
    const { code, output } = await declined.exit;
    expect(code).toBe(1);
    expect(output.replaceAll("\r", "")).toBe(`${table(row)}${question}n\nerror: nobody was let in\n`);
    const interrupted = walter.terminal(["--pending"]);
    await interrupted.waitFor(question);
    interrupted.type("\x03");
    expect((await interrupted.exit).code).toBe(130);
    const unattended = await walter.pstore(["--pending"]);
    expect(unattended).toMatchObject({ code: 1, text: table(row) });
    expect(unattended.stderr).toContain("answer it beforehand with --yes");
    // Nothing is believed of a key that was only shown.
    expect(pinnedOf(walter, "joe")).toEqual([]);
    expect(await does(walter, ["--keys=joe"])).toMatch(/ not pinned +0 of 100\n$/);
    expect(commits()).toBe(before);

    const terminal = walter.terminal(["--pending"]);
    await terminal.waitFor(question);
    expect(commits()).toBe(before);
    terminal.type("y\r");
    const agreed = await terminal.exit;
    expect(agreed.code).toBe(0);
    expect(agreed.output.replaceAll("\r", "")).toContain(`${table(row)}${question}y\n`);
    expect(agreed.output).toEndWith(
      "NOTICE: 100 machines changed\r\nNOTICE: joe was let in on 100 machines\r\n",
    );
    expect(commits()).toBe(before + 1);
    expect(pinnedOf(walter, "joe")).toEqual([`openpgp:${joe.fingerprint}`]);

    expect(await does(joe, ["-pg", "web1", "password"])).toBe("by alice");
    for (const name of ["web2", "web50", "web100"])
      expect(await does(joe, ["-pg", name, "password"])).toBe(`of ${name}`);
    await does(joe, ["-P", "web100", "--yes"], "by joe\n");
    expect(await does(walter, ["-pg", "web100", "password"])).toBe("by joe");
    expect(await told(walter, ["--pending"])).toEqual([
      "NOTICE: nobody waits to be let in on the machines that you see",
    ]);
    expect(await does(walter, ["--pending", "--json"])).toBe(
      `${JSON.stringify({ waiting: [], others: [], own: [], unseen: [] }, null, 2)}\n`,
    );
  });

  test("is told of in the history, in words", async () => {
    const text = await does(walter, ["web2", "--history"]);
    expect(text.split("\n").map((line) => line.slice(46))).toEqual([
      ...text
        .split("\n")
        .slice(0, 2)
        .map((line) => line.slice(46)),
      "created, +alice, set password",
      "+joe, joe waits for a key",
      "set note",
      "joe was let in",
      "",
    ]);
  });
});

describe("a member whose key comes to its end", () => {
  let kim: User;
  const ways =
    "revoke kim (^kim in the same command), let kim wait to be let in (--pending in the same command), or have a usable key added at the store";

  beforeAll(async () => {
    kim = await team.add({ name: "kim", makeKeys: [{ created: "20200101T000000" }] });
    for (const name of ["db1", "db2"]) await does(walter, ["-c", name, "+kim", "+alice"], "old\n");
    await does(kim, ["db1"]);
    await expire(kim);
  });

  test("stops a change, which names all ways out", async () => {
    const why = `error: kim's key ${shown(kim)} cannot be used: it is expired since 2022-01-01; ${ways}`;
    expect(await refused(walter, ["-P", "db1"], "x\n")).toBe(why);
    expect(await refused(walter, ["db1", "-ps", "note"], "x")).toBe(why);
    expect(await refused(walter, ["db1", "--rename", "other"])).toBe(why);
    expect(await refused(walter, ["db1", "--restore", "1", "password"])).not.toBe("");
    expect(await refused(walter, ["--each", "db*", "-pe", "file", "--yes"], "x")).toBe(
      `${why} (in the way at 'db1')`,
    );
  });

  test("stays a member with --pending, and reads nothing new", async () => {
    const tells = await told(walter, ["--each", "db*", "-pe", "file", "--pending", "--yes"], "x");
    expect(tells.slice(-2)).toEqual([
      "NOTICE: 2 machines changed",
      "NOTICE: kim, whose key expired on 2022-01-01, is a member of 'db1', 'db2' and reads nothing there until pstore --pending lets them in",
    ]);
    expect(await membersOf(walter, "db1")).toContainEqual({ user: "kim", access: "write", pending: true });
    expect(await does(walter, ["db"])).toBe(
      `  Machine                   User access\n${rule}\n${["db1", "db2"].map((name) => `+ ${name.padEnd(25)} alice, kim:pending, walter\n`).join("")}`,
    );
    // Of a key that nobody can use, nothing is said any more.
    expect(await told(walter, ["-P", "db1"], "new\n")).toEqual([]);
  });

  test("is not forgotten: pstore --pending names them, says what comes next, and has nothing to ask", async () => {
    const { code, text, stderr } = await walter.pstore(["--pending"]);
    expect({ code, text, stderr }).toEqual({
      code: 0,
      text: `User         Waits on                  Key\n${rule}\nkim          2 machines                ${shown(kim)}, expired on 2022-01-01\n`,
      stderr:
        "NOTICE: once an admin has added a usable key, new or renewed (pstore-server key add kim FILE), pstore --pending lets kim in\n",
    });
    const { stderr: verbose } = await walter.pstore(["--pending", "-v"]);
    expect(verbose).toContain("kim waits on 'db1', 'db2'\n");
    expect(verbose).toContain("it is expired since 2022-01-01");
  });

  test("is let in with the same key, once that is renewed", async () => {
    await renew(kim);
    expect(await told(walter, ["db2", "-ps", "note"], "x")).toEqual([
      "NOTICE: kim waits to be let in, and has a usable key by now: pstore --pending",
    ]);
    const { waiting } = JSON.parse(await does(walter, ["--pending", "--yes", "--json"])) as {
      waiting: object[];
    };
    expect(waiting).toEqual([
      {
        user: "kim",
        machines: ["db1", "db2"],
        state: "ready",
        keys: [{ fingerprint: `openpgp:${kim.fingerprint}`, writeOnly: false }],
      },
    ]);
    expect(await does(kim, ["-pg", "db1", "password"])).toBe("new");
    expect(await does(kim, ["-pg", "db2", "file"])).toBe("x");
  });
});

describe("who waits is let in only with a key that is theirs", () => {
  let lea: User;
  let max: User;
  /** A key that lea gets instead of the one that she lost. */
  let second: string;

  beforeAll(async () => {
    lea = await team.add("lea");
    max = await withoutKey("max");
    await does(walter, ["-c", "app1", "+lea"], "1\n");
    await does(walter, ["-c", "app2", "+lea", "+max:read", "--pending"], "2\n");
    await revokeKey(lea.gnupg, lea.fingerprint);
    await register(lea);
    await does(walter, ["--each", "app*", "-pe", "file", "--pending", "--yes"], "x");
    ({ fingerprint: second } = await generateKey(lea.gnupg, { userId: "lea <lea@example.com>" }));
    await team.server.addKey("lea", await exportPublic(lea.gnupg, second));
    await register(max);
  });

  test("a changed key is refused, and the others are let in", async () => {
    const { code, text, stderr } = await walter.pstore(["--pending", "--yes"]);
    expect({ code, text }).toEqual({
      code: 1,
      text: `User         Waits on                  Key\n${rule}\nlea          2 machines                a key that is not trusted\nmax          app2                      ${shown(max)}\n`,
    });
    expect(stderr).toContain("WARNING: THE KEY OF lea HAS CHANGED: pinned ");
    expect(stderr).toContain("run pstore --trust lea, with --rewrap=lea to");
    expect(await does(max, ["-pg", "app2", "password"])).toBe("2");
    expect(await membersOf(walter, "app2")).toContainEqual({ user: "lea", access: "write", pending: true });
    expect(await refused(walter, ["app1", "+lea"])).toContain("THE KEY OF lea HAS CHANGED");
  });

  test("nor in any other change, until it is trusted: in the same command", async () => {
    await does(walter, ["-P", "app1"], "new\n");
    expect(await membersOf(walter, "app1")).toContainEqual({ user: "lea", access: "write", pending: true });
    const terminal = walter.terminal(["--trust", "lea", "--pending"]);
    await terminal.waitFor("as lea's? [y/N] ");
    terminal.type("y\r");
    await terminal.waitFor(`Let lea in on 2 machines with ${readable(openpgpFingerprint(second))}? [y/N] `);
    terminal.type("y\r");
    expect((await terminal.exit).code).toBe(0);
    expect(await does(lea, ["--trust", "lea", "-pg", "app1", "password", "--yes"])).toBe("new");
  });

  test("a key never seen is refused in strict mode, until it is trusted", async () => {
    const ned = await withoutKey("ned");
    await does(walter, ["app1", "+ned", "--pending"]);
    await register(ned);
    const strict = ["--trust-mode=strict", "--pending", "--yes"];
    const { code, stderr } = await walter.pstore(strict);
    expect(code).toBe(1);
    expect(stderr).toContain(`the key ${shown(ned)} of ned is not trusted yet; compare it with ned`);
    expect(await membersOf(walter, "app1")).toContainEqual({ user: "ned", access: "write", pending: true });
    await does(walter, ["--trust", "ned", ...strict]);
    expect(await does(ned, ["-pg", "app1", "password"])).toBe("new");
  });
});

describe("what stops a change", () => {
  test("is named at once, with what helps whom", async () => {
    const users = await Promise.all(["ann", "bob", "dan", "cleo"].map((name) => team.add(name)));
    const [ann, bob, dan] = users as [User, User, User];
    await does(walter, ["-c", "many", "+ann", "+bob", "+cleo", "+dan"], "x\n");
    await revokeKey(ann.gnupg, ann.fingerprint);
    await register(ann);
    await team.server.command(["key", "remove", bob.fingerprint]);
    const first = `of the first: ann's key ${shown(ann)} cannot be used: it is revoked`;
    expect(await refused(walter, ["-P", "many"], "x\n")).toBe(
      `error: nothing can be encrypted for ann, bob; revoke them (^ann ^bob in the same command), let them wait to be let in (--pending in the same command), or have usable keys added at the store (${first})`,
    );
    await withoutKey("eve");
    expect(await refused(walter, ["many", "+eve"])).toBe(
      `error: nothing can be encrypted for ann, bob, eve; revoke ann and bob (^ann ^bob in the same command) and leave out +eve, let them wait to be let in (--pending in the same command), or have usable keys added at the store (${first})`,
    );
    await team.server.command(["user", "disable", "cleo"]);
    expect(await refused(walter, ["-P", "many"], "x\n")).toBe(
      `error: nothing can be encrypted for ann, bob, cleo; revoke cleo (^cleo in the same command, or pstore --offboard cleo for all machines at once); as for ann and bob, revoke them (^ann ^bob in the same command), let them wait to be let in (--pending in the same command), or have usable keys added at the store (${first})`,
    );
    // Whoever is disabled or removed cannot wait for a key, and --pending is not named as a way out.
    const only = `error: cleo is disabled or removed at the store, so nothing can be encrypted for them; revoke cleo (^cleo in the same command, or pstore --offboard cleo for all machines at once)`;
    expect(await refused(walter, ["-P", "many", "--pending"], "x\n")).toBe(only);
    await does(walter, ["-P", "many", "--pending", "^cleo"], "y\n");
    expect(await does(dan, ["-pg", "many", "password"])).toBe("y");

    // Nor can who waits already.
    await team.server.command(["user", "disable", "ann"]);
    expect(await refused(walter, ["-P", "many"], "x\n")).toBe(only.replaceAll("cleo", "ann"));
    expect(await does(walter, ["--pending", "--yes"])).toContain(
      `ann          many                      disabled or removed: pstore --offboard ann\nbob          many                      ${shown(bob)}, removed at the store\n`,
    );
    await does(walter, ["--offboard", "ann", "--yes"]);
    expect((await membersOf(walter, "many")).map(({ user }) => user)).toEqual(["bob", "dan", "walter"]);
    await does(walter, ["many", "^bob"]);
  });

  test("is, at a user with another key by now, told with +USER too, which helps", async () => {
    const fay = await team.add({ name: "fay", makeKeys: [{}, {}], keys: [] });
    const [one, two] = fay.keys;
    await register(fay);
    await does(walter, ["-c", "of-fay", "+fay"], "x\n");
    await team.server.addKey("fay", await exportPublic(fay.gnupg, two?.fingerprint ?? ""));
    await does(walter, ["--trust", "fay", "--yes"]);
    await team.server.command(["key", "remove", one?.fingerprint ?? ""]);
    expect(await refused(walter, ["-P", "of-fay"], "y\n")).toBe(
      `error: fay's key ${shown(fay)} is no longer at the store; encrypt to the present keys of fay (+fay in the same command, or pstore --rewrap=fay for all machines at once), revoke fay (^fay in the same command), or let fay wait to be let in (--pending in the same command)`,
    );
    await does(walter, ["-P", "of-fay", "+fay"], "y\n");
    expect(await membersOf(walter, "of-fay")).toContainEqual({
      user: "fay",
      access: "write",
      pending: false,
    });
  });

  test("who keeps a write-only key stays with it", async () => {
    const host = await team.add({ name: "host", makeKeys: [{}, {}], keys: [] });
    const [reading, signing] = host.keys;
    await register(host);
    await team.server.addKey("host", await exportPublic(host.gnupg, signing?.fingerprint ?? ""), [
      "--write-only",
    ]);
    await does(walter, ["-c", "of-host", "+host"], "x\n");
    await team.server.command(["key", "remove", reading?.fingerprint ?? ""]);
    expect(await refused(walter, ["-P", "of-host"], "y\n")).toContain(
      "is no longer at the store; revoke host",
    );
    expect(await told(walter, ["-P", "of-host", "--pending"], "y\n")).toEqual([
      "NOTICE: host keeps only write-only keys on 'of-host': once they have another, +host lets them read again",
    ]);
    expect(await membersOf(walter, "of-host")).toContainEqual({
      user: "host",
      access: "write",
      pending: false,
    });
    await does(host, ["of-host", "-pe", "state", "--yes"], "z");
    expect(await does(walter, ["-pg", "of-host", "state"])).toBe("z");
  });
});

describe("access of who waits", () => {
  let gus: User;

  beforeAll(async () => {
    gus = await withoutKey("gus");
    await does(walter, ["-c", "shelf", "+gus", "+alice", "--pending"], "x\n");
  });
  const listed = async () => (await does(walter, ["hel"])).split("\n")[2]?.slice(28);

  test("is changed, and taken, as that of others", async () => {
    expect(await listed()).toBe("alice, gus:pending, walter");
    expect(await told(walter, ["shelf", "+gus:read"])).toEqual([]);
    expect(await listed()).toBe("alice, gus:read:pending, walter");
    expect(await told(walter, ["shelf", "+gus:read"])).toEqual([
      "WARNING: gus already has access to 'shelf', and waits for a usable key",
    ]);
    expect(await told(walter, ["shelf", "+gus"])).toEqual([
      "NOTICE: gus may now change 'shelf', and not only read it",
    ]);
    expect(await told(walter, ["shelf", "^gus"])).toEqual([]);
    expect(await listed()).toBe("alice, walter");
    expect(await told(walter, ["shelf", "-pe", "file", "+gus:read", "--pending"], "x")).toEqual([
      "NOTICE: gus, who has no key at the store yet, is a member of 'shelf' and reads nothing there until pstore --pending lets them in",
    ]);
  });

  test("of the only writer is warned about", async () => {
    const warning = "WARNING: nobody will be left who can change 'shelf'";
    await does(walter, ["shelf", "+gus"]);
    const { stderr } = await walter.pstore(["shelf", "+alice:read", "^walter", "-ps", "note"], {
      stdin: "x",
    });
    expect(stderr).toContain(warning);
    await does(alice, []);
    expect((await alice.pstore(["shelf", "-ps", "note"], { stdin: "y" })).stderr).toContain(
      "may read, but not change",
    );
  });

  test("alone keeps no machine from being lost", async () => {
    await does(walter, ["-c", "lone", "+gus", "--pending"], "x\n");
    expect(await refused(walter, ["lone", "^walter"])).toContain("nobody could read the machine");
  });

  test("is given with +USER too, once they have a key", async () => {
    await register(gus);
    expect(await told(walter, ["lone", "+gus"])).toEqual([]);
    expect(await does(gus, ["-pg", "lone", "password"])).toBe("x");
  });
});

describe("pstore --pending", () => {
  test("leaves out machines where somebody else is in the way, and lets in on the others", async () => {
    await withoutKey("ida");
    const ivo = await team.add("ivo");
    for (const name of ["host1", "host2"]) await does(walter, ["-c", name, "+ida", "--pending"], "x\n");
    await does(walter, ["host2", "+ivo"]);
    await revokeKey(ivo.gnupg, ivo.fingerprint);
    await register(ivo);
    const ida = team.user("ida");
    await register(ida);
    const { code, stderr } = await walter.pstore(["--pending", "--yes"]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      `WARNING: 'host2' is left out: ivo's key ${shown(ivo)} cannot be used: it is revoked; revoke ivo (pstore MACHINE ^ivo), let ivo wait to be let in (pstore MACHINE +USER --pending), or have a usable key added at the store\nNOTICE: what is left out is changed by itself, with ^USER or --pending in the same command: pstore host2 +ida\nNOTICE: ida was let in on 'host1'\n`,
    );
    expect(await does(ida, ["-pg", "host1", "password"])).toBe("x");
    expect((await membersOf(walter, "host2")).filter(({ pending }) => pending)).toMatchObject([
      { user: "ida" },
    ]);
    await does(walter, ["host2", "+ida", "--pending"]);
    expect(await does(ida, ["-pg", "host2", "password"])).toBe("x");
    await does(walter, ["host2", "^ivo"]);
  });

  test("names those to ask where one may not let in oneself", async () => {
    const jan = await withoutKey("jan");
    await does(alice, ["-c", "rack", "+jan", "+walter:read", "--pending"], "x\n");
    await register(jan);
    const before = commits();
    expect(await told(walter, ["--pending", "--yes"])).toEqual([
      "NOTICE: jan waits on 'rack', where you cannot let them in: ask alice to run pstore --pending",
    ]);
    const { waiting, others, own } = JSON.parse(await does(walter, ["--pending", "--json"]));
    expect({ waiting, others, own }).toEqual({
      waiting: [],
      others: [{ machine: "rack", users: ["jan"], ask: ["alice"] }],
      own: [],
    });
    expect(JSON.parse(await does(jan, ["--pending", "--json"])).own).toEqual([
      { machine: "rack", ask: ["alice"] },
    ]);
    expect(commits()).toBe(before);
    expect(await does(alice, ["--pending", "--yes"])).toContain(
      `jan          rack                      ${shown(jan)}\n`,
    );
    expect(await does(jan, ["-pg", "rack", "password"])).toBe("x");
  });

  test("stands alone, or beside a change", async () => {
    const alone = "--pending stands alone, or beside what changes a machine or its users";
    const letIn = (user: string) => `to let ${user} in wherever they wait, run pstore --pending=${user}`;
    const lone = (user: string) =>
      `--pending=${user} lets in who waits, and stands alone; beside a change, --pending takes no user`;
    for (const [args, says] of [
      [["--pending", "rack", "password"], alone],
      [["--pending", "-s", "x"], alone],
      [["--pending", "jan"], `${alone}; ${letIn("jan")}`],
      [["--pending", "+jan"], `no machine is named; ${letIn("jan")}`],
      [["--pending", "^jan"], "no machine is named; see pstore --help"],
      [["--pending=jan", "rack"], lone("jan")],
      [["--pending=jan", "rack", "+jan"], lone("jan")],
      [["--pending=jan", "+jan"], lone("jan")],
      [["--pending=jan", "--rewrap"], lone("jan")],
      [["--pending=jan", "--offboard", "jan"], lone("jan")],
      [["--each", "*", "+jan", "--pending=jan"], lone("jan")],
      [["--pending="], "--pending= lacks its USER; give one, or --pending alone"],
    ] as const) {
      const { code, stderr } = await walter.pstore(args);
      expect({ args, code, stderr }).toEqual({ args, code: 2, stderr: `error: ${says}\n` });
    }
    const { code, stderr } = await walter.pstore(["--pending=ja/n"]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("'ja/n' is no user name") });
  });

  test("asks once for several users, and lets each in with all of their keys", async () => {
    const kai = await team.add({ name: "kai", makeKeys: [{}, {}], keys: [] });
    const liv = await withoutKey("liv");
    await does(walter, ["-c", "desk", "+kai", "+liv", "--pending"], "x\n");
    for (const { fingerprint } of kai.keys)
      await team.server.addKey("kai", await exportPublic(kai.gnupg, fingerprint));
    await register(liv);
    const { text } = await walter.pstore(["--pending"]);
    const keys = kai.keys.map(({ fingerprint }) => readable(openpgpFingerprint(fingerprint))).sort();
    expect(text.split("\n").slice(2)).toEqual([
      `kai          desk                      ${keys[0]}`,
      `                                       ${keys[1]}`,
      `liv          desk                      ${shown(liv)}`,
      "",
    ]);
    const terminal = walter.terminal(["--pending"], { columns: 400 });
    await terminal.waitFor(
      `Let kai in on 'desk' with ${keys[0]} and ${keys[1]}, and liv in on 'desk' with ${shown(liv)}? [y/N] `,
    );
    terminal.type("y\r");
    expect((await terminal.exit).code).toBe(0);
    for (const user of [kai, liv]) expect(await does(user, ["-pg", "desk", "password"])).toBe("x");
  });
});

describe("what was there before", () => {
  test("is encrypted to who is let in, also what was restored or brought back meanwhile", async () => {
    const mia = await withoutKey("mia");
    await does(walter, ["-c", "old"], "first\n");
    await does(walter, ["-P", "old"], "second\n");
    expect(await refused(walter, ["old", "--restore", "1", "password", "+mia"])).toContain(
      "mia has no public key",
    );
    await does(walter, ["old", "--restore", "1", "password", "+mia", "--pending"]);
    await does(walter, ["-D", "old", "--yes"]);
    await does(walter, ["old", "--restore", "3"]);
    await does(walter, ["old", "--rename", "new", "+alice"]);
    await register(mia);
    await does(walter, ["--pending", "--yes"]);
    expect(await does(mia, ["-pg", "new", "password"])).toBe("first");
  });

  test("is known to who waits, as a member: a restored value of then is no news", async () => {
    const noa = await team.add("noa");
    await does(walter, ["-c", "vault", "+noa", "+alice"], "first\n");
    await revokeKey(noa.gnupg, noa.fingerprint);
    await register(noa);
    await does(walter, ["-P", "vault", "--pending", "^alice"], "second\n");
    await does(walter, ["-P", "vault"], "third\n");
    expect(await told(walter, ["vault", "--restore", "1", "password"])).toEqual([
      "WARNING: alice, revoked in revision 2 by walter, could read this 'password' and still knows it; change it",
    ]);
    await does(walter, ["vault", "^noa"]);
    await does(walter, ["-P", "vault"], "fourth\n");
    const warned = await told(walter, ["vault", "--restore", "1", "password"]);
    expect(warned).toContain(
      "WARNING: noa, revoked in revision 5 by walter, could read this 'password' and still knows it; change it",
    );
    // What came while they waited, they do not know.
    const { text } = await walter.pstore(["--offboard", "noa", "--json"]);
    expect(JSON.parse(text).secrets).toMatchObject([{ machine: "vault", how: "could-read" }]);
    await does(walter, ["vault", "--restore", "3", "password"]);
    expect(JSON.parse((await walter.pstore(["--offboard", "noa", "--json"])).text).secrets).toEqual([]);
  });

  test("is no question to who has never meant them: of who waits, no key is vouched for", async () => {
    const rex = await team.add("rex");
    await does(walter, ["-c", "cell", "+rex", "+alice"], "x\n");
    await does(rex, ["cell", "-ps", "note", "--yes"], "by rex");
    await does(alice, ["cell"]);
    expect(await refused(alice, ["-P", "cell"], "y\n")).toContain("Share this machine also with rex");
    await revokeKey(rex.gnupg, rex.fingerprint);
    await register(rex);
    await does(walter, ["-P", "cell", "--pending"], "y\n");
    expect(await told(alice, ["-P", "cell"], "z\n")).toEqual([]);
  });

  test("is taken from who leaves, past a colleague without a usable key", async () => {
    await team.add("ole");
    const pia = await team.add("pia");
    await does(walter, ["-c", "both", "+ole", "+pia"], "x\n");
    await team.server.command(["key", "remove", pia.fingerprint]);
    await does(walter, ["--offboard", "ole", "--yes"]);
    expect(await membersOf(walter, "both")).toMatchObject([
      { user: "pia", pending: false },
      { user: "walter" },
    ]);
    await does(walter, ["both", "^pia"]);
  });
});

test("a newcomer with a key of OpenSSH is let in likewise", async () => {
  const home = await createHomeFolder();
  const ssh = await generateSshKey(join(home, ".ssh/id_ed25519"), { type: "ed25519" });
  const uma = new SshUser("uma", home, ssh);
  await team.admit(uma);
  await team.server.addUser("uma");
  await does(walter, ["-c", "kiosk", "+uma", "--pending"], "x\n");
  await team.server.addKey("uma", ssh.line);
  expect((await uma.pstore(["kiosk"])).stderr).toContain("ask walter to run pstore --pending");
  expect(await does(walter, ["--pending", "--yes"])).toContain(
    `uma          kiosk                     ${readable(ssh.fingerprint)}\n`,
  );
  expect(await does(uma, ["-pg", "kiosk", "password"])).toBe("x");
});

test("all of it leaves a store without faults", async () => {
  const { text } = await team.server.command(["check"]);
  // But for the machine that was left to who waits.
  expect(text.split("\n").filter((line) => /^\w/.test(line))).toEqual([
    expect.stringContaining("shelf: nobody can write it"),
  ]);
});
