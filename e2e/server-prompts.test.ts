// What pstore-server asks at a terminal: passwords for the web, and whether an account is to go.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { pstoreServer } from "./support/executables.ts";
import { environment } from "./support/process.ts";
import { startServer, type TestServer } from "./support/server.ts";
import { createTeam, does, type Team } from "./support/team.ts";
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
      await terminal.waitFor("admin: ");
      terminal.type(keys);
      await terminal.waitFor(`<ended with ${code}>`);
      expect(await hasPassword()).toBe(false);
    });
  }

  test("holds no keys that edit or move, and no other control characters", async () => {
    const terminal = ask();
    await terminal.waitFor("admin: ");
    terminal.type("not this\x15one two!\x17\x1b[A\x1b[1;5D\x1bOP\x01\x0b\x12\t\u0085x\x7fthree\x04\r");
    await terminal.waitFor("again: ");
    expect(terminal.echoes).toBe(false);
    terminal.type("one three\r");
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
    await terminal.waitFor("of admin: ");
    terminal.type("half\x1a");
    await terminal.waitFor(/Stopped[\s\S]*READY> /);
    terminal.type("fg\r");
    await terminal.waitFor("of admin: ");
    terminal.type("whole\r");
    await terminal.waitFor("again: ");
    expect(terminal.echoes).toBe(false);
    terminal.type("whole\r");
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
    await given.waitFor("Type new web password of walter (Enter for none): ");
    given.type("\x03");
    await given.waitFor("<ended with 130>");
    expect(existsSync(database)).toBe(false);
    const none = init();
    await none.waitFor("(Enter for none): ");
    none.type("\r");
    const text = await none.waitFor("<ended with 0>");
    expect(text).toContain("no web password: walter cannot sign in to the web admin until");
    expect(text).toContain(`'pstore-server user password walter --database sqlite:${database}' sets one`);
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

  const meaning = `walter stays in the signed lists of 4 machines, which cannot be written until a writer of each runs: pstore MACHINE ^walter
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
