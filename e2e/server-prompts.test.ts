// What pstore-server asks at a terminal: passwords for the web, and whether an account is to go.

import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { pstoreServer } from "./support/executables.ts";
import { exportPublic, generateKey } from "./support/gnupg.ts";
import { environment } from "./support/process.ts";
import { startServer, type TestServer } from "./support/server.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";
import { openTerminal } from "./support/terminal.ts";

/** A command at a terminal under a shell, which tells the exit code that it saw, and that the terminal is as it was. */
function atTerminal(command: string, home: string) {
  const script = `before=$(stty -g); ${command}; code=$?; [ "$before" = "$(stty -g)" ] && echo "<ended with $code>"`;
  return openTerminal(["sh", "-c", `trap : INT QUIT; ${script}`], {
    env: { HOME: home, PATH: `${dirname(pstoreServer)}:${environment()["PATH"]}` },
    columns: 200,
  });
}

describe("the password for the web", () => {
  let server: TestServer;
  let common: string;

  beforeAll(async () => {
    server = await startServer();
    common = `--database sqlite:${server.database}`;
  });
  afterAll(() => server.dispose());

  const ask = () => atTerminal(`pstore-server user password admin ${common}`, server.folder);
  const hasPassword = async () =>
    (await server.command(["user", "show", "admin"])).text.includes("web password yes");

  for (const [name, keys, code] of [
    ["Ctrl-C", "x\x03", 130],
    ["Ctrl-\\", "x\x1c", 131],
    ["Ctrl-D alone", "\x04", 130],
  ] as const) {
    test(`${name} ends the question with ${code}, and changes nothing`, async () => {
      const terminal = ask();
      await terminal.waitFor("or more): ");
      terminal.type(keys);
      await terminal.waitFor(`<ended with ${code}>`);
      expect(await hasPassword()).toBe(false);
    });
  }

  test("holds no keys that edit or move, and no other control characters", async () => {
    const terminal = ask();
    await terminal.waitFor("or more): ");
    terminal.type(
      "not this\x15one two!\x17\x1b[A\x1b[1;5D\x1bOP\x01\x0b\x12\t\u0085x\x7fthree-and-more\x04\r",
    );
    await terminal.waitFor("again: ");
    expect(terminal.echoes).toBe(false);
    terminal.type("one three-and-more\r");
    await terminal.waitFor("<ended with 0>");
    expect((await terminal.exit).output).not.toMatch(/one|two|three/);
    expect(await hasPassword()).toBe(true);
  });

  test("Ctrl-Z stops the program, which asks again when it is continued", async () => {
    const terminal = openTerminal(["bash", "--noprofile", "--norc", "-i"], {
      env: { HOME: server.folder, PATH: `${dirname(pstoreServer)}:${environment()["PATH"]}`, PS1: "READY> " },
      columns: 200,
    });
    await terminal.waitFor("READY> ");
    terminal.type(`pstore-server user password admin ${common}\r`);
    await terminal.waitFor("of admin (12 characters or more): ");
    terminal.type("half\x1a");
    await terminal.waitFor(/Stopped[\s\S]*READY> /);
    terminal.type("fg\r");
    await terminal.waitFor("of admin (12 characters or more): ");
    terminal.type("a whole password\r");
    await terminal.waitFor("again: ");
    expect(terminal.echoes).toBe(false);
    terminal.type("a whole password\r");
    await terminal.waitFor("READY> ");
    terminal.type('echo "ended with $?"; exit\r');
    await terminal.waitFor(/^ended with 0/m);
    const { output } = await terminal.exit;
    expect(output).not.toMatch(/half|whole/);
  });

  test("is none when a new admin presses Enter, and init leaves nothing when it is interrupted", async () => {
    const database = join(server.folder, "fresh/store.db");
    const init = () => atTerminal(`pstore-server init --admin walter --database sqlite:${database}`, "/");
    const given = init();
    await given.waitFor("Type new web password of walter (12 characters or more; Enter for none): ");
    given.type("\x03");
    await given.waitFor("<ended with 130>");
    expect(existsSync(database)).toBe(false);
    const none = init();
    await none.waitFor("Enter for none): ");
    none.type("\r");
    const text = await none.waitFor("<ended with 0>");
    expect(text).toContain("no web password: walter signs in to the web admin by key (pstore --web)");
    expect(text).toContain(`'pstore-server user password walter --database sqlite:${database}' sets one`);
  });
});

describe("key remove", () => {
  let team: Team;
  let walter: User;
  let joe: User;
  let bob: User;
  beforeAll(async () => {
    team = await createTeam({ users: ["walter", "joe", { name: "bob", makeKeys: [{}, {}] }] });
    [walter, joe, bob] = [team.user("walter"), team.user("joe"), team.user("bob")];
    await does(walter, ["-c", "web1"], "s3cret-1\n");
    await does(walter, ["-c", "web2", "+joe:read"], "s3cret-2\n");
    await does(walter, ["-c", "web3", "+joe"], "s3cret-3\n");
    await does(bob, ["-c", "web4"], "s3cret-4\n");
  });
  afterAll(() => team.dispose());

  const remove = (key: string, ...options: readonly string[]) =>
    team.server.command(["key", "remove", key, ...options]);
  const question = "Remove this key of walter, the only one for what is named?";
  const meaning = `walter has access to 3 machines with this key alone
  web1 (WARNING: nobody else reads it)
  web2 (WARNING: nobody else may change it)
  web3
WARNING: 1 machine could be changed by nobody any more, unless this key is added again
WARNING: 1 machine could be read by nobody any more, nor deleted, unless this key is added again
`;

  test("names what nobody else reads or writes, and does nothing without an answer", async () => {
    expect(await remove(walter.fingerprint)).toMatchObject({
      code: 1,
      stderr: `${meaning}pstore-server: there is no terminal to ask '${question}' at; answer it beforehand with --yes\n`,
    });
    const command = `pstore-server key remove ${walter.fingerprint} --database sqlite:${team.server.database}`;
    const terminal = atTerminal(`${command} </dev/null`, team.server.folder);
    expect(await terminal.waitFor("[y/N] ")).toBe(`${meaning.replaceAll("\n", "\r\n")}${question} [y/N] `);
    terminal.type("n\r");
    await terminal.waitFor("<ended with 1>");
    expect(await does(walter, ["-pg", "web1", "password"])).toBe("s3cret-1");
  });

  test("says what comes behind it, and the key is added again as it was", async () => {
    expect(await remove(walter.fingerprint, "--yes")).toMatchObject({
      code: 0,
      stderr: `${meaning}removed; walter has no other key: give one with 'pstore-server key add walter FILE', and then a writer of each machine runs pstore --rewrap=walter; until then a change of them needs ^walter or --pending\n`,
    });
    await team.server.addKey("walter", await walter.publicKey());
    expect(await does(walter, ["-pg", "web1", "password"])).toBe("s3cret-1");
  });

  test("of a key beside another one asks nothing, and names what tidies up", async () => {
    const further = bob.keys[1]?.fingerprint ?? "";
    expect(await remove(further)).toMatchObject({
      code: 0,
      stderr:
        "removed; 1 machine lists it beside another key of bob, until bob runs pstore --rewrap once more\n",
    });
    await does(bob, ["--rewrap", "--yes"]);
    expect((await team.server.command(["check"])).code).toBe(0);
    const { stderr } = await team.server.command(["key", "add", "bob", "-"], {
      stdin: await exportPublic(bob.gnupg, further),
    });
    expect(stderr).toBe(
      "1 machine of bob is not encrypted to it yet: bob runs pstore --rewrap where an older key is, or a writer of each pstore --rewrap=bob\n",
    );
    expect((await remove(bob.fingerprint)).stderr).toStartWith(
      "bob has access to 1 machine with this key alone; to keep it, have bob run pstore --rewrap before\n  web4 (WARNING: nobody else reads it)\n",
    );
    expect((await remove(further)).stderr).toBe("removed; no machine lists it\n");
    expect((await remove(joe.fingerprint)).stderr).toContain("  web3\nremoved; joe has no other key: ");
  });

  test("user show tells keys that have ended", async () => {
    await team.server.addUser("old");
    const made = { userId: "old <old@example.com>", created: "20200101T000000", expires: "1y" };
    const { fingerprint } = await generateKey(joe.gnupg, made);
    const database = new Database(team.server.database);
    database.run(
      `INSERT INTO public_keys (fingerprint, user_id, block, write_only, description, expires, added, removed)
       SELECT ?, (SELECT id FROM users WHERE name = 'old'), ?, 0, '', NULL, added, NULL FROM public_keys LIMIT 1`,
      [`openpgp:${fingerprint}`, await exportPublic(joe.gnupg, fingerprint)],
    );
    database.close();
    expect((await team.server.command(["user", "show", "old"])).text).toMatch(/^key .* \(EXPIRED\)$/m);
    expect((await team.server.command(["user", "show", "joe"])).text).toMatch(/^key .* \(removed\)$/m);
  });
});

describe("user remove", () => {
  let team: Team;
  beforeAll(async () => {
    team = await createTeam({ users: [{ name: "walter", flags: ["--superuser"] }, "joe", "bob"] });
    const walter = team.user("walter");
    await does(walter, ["-c", "web1", "+joe:read"], "s3cret-1\n");
    await does(walter, ["-c", "web2", "+joe"], "s3cret-2\n");
    await does(walter, ["-c", "web3"], "s3cret-3\n");
    await does(walter, ["-c", "web4", "+bob"], "s3cret-4\n");
    for (const name of ["admin", "bob"]) await team.server.command(["user", "disable", name, "--yes"]);
  });
  afterAll(() => team.dispose());

  const meaning = `walter stays in the signed lists of 4 machines, which cannot be written until a writer of each runs: pstore --offboard walter
  web1 (WARNING: it has no other writer)
  web2
  web3 (WARNING: it has no other member)
  web4 (WARNING: it has no other member)
WARNING: walter is the only writer of 3 machines, which nobody could change
WARNING: walter is the only member of 2 machines, which nobody could read
WARNING: walter is the only admin
`;
  const state = async () => /\((\w+)/.exec((await team.server.command(["user", "show", "walter"])).text)?.[1];

  test("says what depends on the user, and does nothing without an answer", async () => {
    const { code, stderr } = await team.server.command(["user", "remove", "walter"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `${meaning}pstore-server: there is no terminal to ask 'Remove walter for good, which cannot be undone?' at; answer it beforehand with --yes\n`,
    });
    expect(await state()).toBe("active");
  });

  const ask = () =>
    atTerminal(
      `pstore-server user remove walter --database sqlite:${team.server.database} </dev/null`,
      team.server.folder,
    );

  for (const [name, keys, code] of [
    ["n", "n\r", 1],
    ["Enter", "\r", 1],
    ["Ctrl-D", "\x04", 1],
    ["Ctrl-C", "\x03", 130],
  ] as const) {
    test(`at the terminal, ${name} is no`, async () => {
      const terminal = ask();
      expect(await terminal.waitFor("undone? [y/N] ")).toBe(
        `${meaning.replaceAll("\n", "\r\n")}Remove walter for good, which cannot be undone? [y/N] `,
      );
      terminal.type(keys);
      await terminal.waitFor(`<ended with ${code}>`);
      expect(await state()).toBe("active");
    });
  }

  test("y removes, and so does --yes", async () => {
    const terminal = ask();
    await terminal.waitFor("undone? [y/N] ");
    terminal.type("y\r");
    await terminal.waitFor("<ended with 0>");
    expect(await state()).toBe("removed");
    expect(await team.server.command(["user", "remove", "bob", "--yes"])).toMatchObject({ code: 0 });
  });
});
