// At a real terminal: questions, what is typed without echo, and what is stored shown so that it cannot act.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { pstore } from "./support/executables.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";
import { openTerminal, type TerminalSession } from "./support/terminal.ts";

let team: Team;
let walter: User;

beforeAll(async () => {
  team = await createTeam({ users: ["walter", "joe"] });
  walter = team.user("walter");
  expect((await walter.pstore(["-c", "old"], { stdin: "old" })).code).toBe(0);
}, 60_000);
afterAll(() => team.dispose());

const first = "Type new machine password: ";
const again = "Type new machine password again: ";
const secret = "hunter2 is $ecret";

const password = async (machine: string) => {
  const { code, text } = await walter.pstore([machine, "-pg", "password"]);
  return code === 0 ? text : null;
};

/** Waits for a question and types an answer and Enter; whoever looks on sees nothing of it. */
const answer = async (terminal: TerminalSession, question: string, keys: string) => {
  await terminal.waitFor(question);
  expect(terminal.echoes).toBe(false);
  terminal.type(`${keys}\r`);
};

describe("a new password", () => {
  test("is asked for twice, without echo", async () => {
    const terminal = walter.terminal(["-c", "new"]);
    await answer(terminal, first, secret);
    await answer(terminal, again, secret);
    expect(await terminal.exit).toEqual({ code: 0, signal: null, output: `${first}\r\n${again}\r\n` });
    expect(await password("new")).toBe(secret);
  });

  test("is asked for by -P too", async () => {
    const terminal = walter.terminal(["-P", "new", "+joe"]);
    await answer(terminal, first, "changed");
    await answer(terminal, again, "changed");
    const { code, output } = await terminal.exit;
    expect(code).toBe(0);
    expect(output).toContain(`${first}\r\n${again}\r\n`);
    expect(output).not.toContain("changed");
    expect(await password("new")).toBe("changed");
  });

  test("is what was typed, letter by letter, beyond ASCII, and after corrections", async () => {
    const typed: readonly [keys: string, stored: string][] = [
      ["pässwörd \u{1f511}", "pässwörd \u{1f511}"],
      ["abx\u007fc", "abc"],
      ["ö\u007fo", "o"],
      ["wrong\u0015right", "right"],
      [" blanks ", " blanks "],
      // Words are taken away as a terminal does; arrows, Alt, function keys and the marks of a paste are no text.
      ["one two\u0017three", "one three"],
      ["one-two.  \u0017\u0017x", "x"],
      ["\u001b[Aab\u001b[D\u001bOC\u001b[3~\u001b[1;5Cc\u001bx", "abc"],
      ["\u001b[200~pasted word\r\u001b[201~!", "pasted word!"],
    ];
    for (const [keys, stored] of typed) {
      const terminal = walter.terminal(["-P", "old"]);
      await answer(terminal, first, keys);
      await answer(terminal, again, keys);
      expect((await terminal.exit).code).toBe(0);
      expect(await password("old")).toBe(stored);
    }
  });

  test("may be typed ahead: nothing is lost or shown", async () => {
    const terminal = walter.terminal(["-P", "old"]);
    await terminal.waitFor(first);
    terminal.type("ahead\rahead\r");
    const { code, output } = await terminal.exit;
    expect({ code, output }).toEqual({ code: 0, output: `${first}\r\n${again}\r\n` });
    expect(await password("old")).toBe("ahead");
  });

  test("that is mistyped the second time is an error, and nothing is stored", async () => {
    for (const [flag, machine, before] of [
      ["-c", "mistyped", null],
      ["-P", "new", "changed"],
    ] as const) {
      const terminal = walter.terminal([flag, machine]);
      await answer(terminal, first, secret);
      await answer(terminal, again, `${secret}x`);
      const { code, output } = await terminal.exit;
      expect(code).toBe(1);
      expect(output).toStartWith(
        `${first}\r\n${again}\r\nerror: the two passwords differ; nothing was stored`,
      );
      expect(output).not.toContain(secret);
      expect(await password(machine)).toBe(before);
    }
  });

  test("may not be empty", async () => {
    const terminal = walter.terminal(["-c", "empty"]);
    await answer(terminal, first, "");
    expect(await terminal.exit).toMatchObject({
      code: 1,
      output: `${first}\r\nerror: the password is empty; nothing was stored\r\n`,
    });
    expect(await password("empty")).toBeNull();
  });

  test.each([
    ["Ctrl-C", "\x03"],
    ["Ctrl-D", "\x04"],
  ])("is given up with %s: exit 130, nothing stored, and the terminal echoes again", async (_what, key) => {
    const terminal = walter.terminal(["-c", "given-up"]);
    await answer(terminal, first, secret);
    await terminal.waitFor(again);
    terminal.type(key);
    const { code, output } = await terminal.exit;
    expect({ code, output }).toEqual({ code: 130, output: `${first}\r\n${again}\r\n` });
    expect(await password("given-up")).toBeNull();
  });

  test("is given up with Ctrl-\\ too, which leaves no image of the memory", async () => {
    const terminal = walter.terminal(["-c", "given-up"]);
    await answer(terminal, first, secret);
    await terminal.waitFor(again);
    terminal.type("\x1c");
    expect(await terminal.exit).toMatchObject({ code: 131, output: `${first}\r\n${again}\r\n` });
    expect(await password("given-up")).toBeNull();
  });

  test.each([
    ["several lines", "\u001b[200~one\rtwo\u001b[201~", "what was pasted has several lines"],
    ["bytes that are no UTF-8", Uint8Array.of(0x61, 0xe4, 0x62), "the terminal does not send UTF-8"],
  ])("of %s is refused", async (_what, keys, says) => {
    const terminal = walter.terminal(["-c", "refused"]);
    await terminal.waitFor(first);
    terminal.type(keys);
    terminal.type("\r");
    const { code, output } = await terminal.exit;
    expect(code).toBe(1);
    expect(output).toStartWith(`${first}\r\nerror: ${says}`);
    expect(await password("refused")).toBeNull();
  });

  test("is not asked for what cannot be stored", async () => {
    for (const [args, says] of [
      [["-c", "old"], "the machine 'old' exists already"],
      [["-c", "for-nobody", "+nobody"], "the store knows no user 'nobody'"],
      [["-P", "no-such-machine"], "there is no machine 'no-such-machine'"],
      [["-P", "old", "^joe"], "joe has no access to 'old'"],
    ] as const) {
      const { code, output } = await walter.terminal(args).exit;
      expect(code).toBe(1);
      expect(output).toStartWith(`error: ${says}`);
    }
  });
});

describe("a terminal at which something is asked", () => {
  /** Runs pstore below a shell that says what mode the terminal is in afterwards, and its own process id before. */
  const below = (shell: readonly string[], ...then: readonly string[]) => {
    const script = ['sh -c \'echo pid=$$; exec "$0" -c asked\' "$0"', 'echo "code $?"', mode, ...then].join(
      "; ",
    );
    return openTerminal([...shell, "-c", script, pstore], { env: walter.env, cwd: walter.home });
  };
  const mode = `echo "mode" $(stty -a | tr ' ;' '\\n\\n' | grep -x -- '-*\\(isig\\|icanon\\|echo\\)')`;
  const usual = "mode isig icanon echo\r\n";
  const begin = async (terminal: TerminalSession) =>
    Number(/pid=(\d+)/.exec(await terminal.waitFor(first))?.[1]);

  test.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
    ["SIGHUP", 129],
    ["SIGQUIT", 131],
  ] as const)("is as it was when the process ends by %s", async (signal, status) => {
    const terminal = below(["sh"]);
    const pid = await begin(terminal);
    process.kill(pid, signal);
    await terminal.waitFor(`\r\ncode ${status}\r\n`);
    await terminal.waitFor(usual);
  });

  test.each(["Ctrl-Z", "SIGTSTP"])(
    "is as it was while the process is stopped by %s; then it is asked again",
    async (how) => {
      const terminal = below(["bash", "-m"], "fg", "echo done");
      const pid = await begin(terminal);
      if (how === "Ctrl-Z") terminal.type("half\x1a");
      else process.kill(pid, "SIGTSTP");
      await terminal.waitFor(/Stopped/);
      await terminal.waitFor(usual);
      await answer(terminal, first, secret);
      await answer(terminal, again, secret);
      await terminal.waitFor("done");
      expect(await password("asked")).toBe(secret);
      await does(walter, ["-D", "asked", "--yes"]);
    },
  );

  test("is left alone on the way out by a process in the background, which ends when it is killed", async () => {
    const killed = ["kill %1", "while kill -0 %1 2>/dev/null; do :; done", "echo ended", mode];
    const stopped = below(["bash", "-m"], ...killed);
    await begin(stopped);
    stopped.type("half\x1a");
    await stopped.waitFor("ended\r\n");
    await stopped.waitFor(usual);
    const script = ['"$0" -c asked & until [ -n "$(jobs -ps)" ]; do :; done', "bg", ...killed].join("; ");
    const started = openTerminal(["bash", "-mc", script, pstore], { env: walter.env, cwd: walter.home });
    await started.waitFor("ended\r\n");
    await started.waitFor(usual);
    expect(await password("asked")).toBeNull();
  });

  test("is asked again at once where nobody could continue a stopped process", async () => {
    const terminal = walter.terminal(["-P", "old"]);
    await terminal.waitFor(first);
    terminal.type("half\x1a");
    await answer(terminal, first, "whole");
    await answer(terminal, again, "whole");
    expect((await terminal.exit).code).toBe(0);
    expect(await password("old")).toBe("whole");
  });

  test("may be resized", async () => {
    const terminal = walter.terminal(["-P", "old"]);
    await terminal.waitFor(first);
    terminal.type("re");
    terminal.resize(20, 5);
    terminal.type("sized\r");
    await answer(terminal, again, "resized");
    expect((await terminal.exit).code).toBe(0);
    expect(await password("old")).toBe("resized");
  });

  test("may be taken away: nothing is stored", async () => {
    const terminal = walter.terminal(["-c", "hung-up"]);
    await answer(terminal, first, secret);
    await terminal.waitFor(again);
    terminal.hangUp();
    expect([129, 130]).toContain((await terminal.exit).code ?? 0);
    expect(await password("hung-up")).toBeNull();
  });
});

describe("a value typed at a terminal", () => {
  test("loses the line feed of its last line, and only that", async () => {
    for (const [keys, stored] of [
      ["one\r\x04", "one"],
      ["one\rtwo\r\r\x04", "one\ntwo\n"],
      ["open\x04\x04", "open"],
    ] as const) {
      const terminal = walter.terminal(["old", "-ps", "typed"]);
      await terminal.waitFor("NOTICE: type the value of 'typed', then Ctrl-D on a line of its own");
      terminal.type(keys);
      expect((await terminal.exit).code).toBe(0);
      expect((await walter.pstore(["old", "typed"])).text).toBe(stored);
    }
  });

  test("gets a line feed when it is shown there and has none", async () => {
    for (const value of ["x", "x\n", ""]) {
      expect((await walter.pstore(["old", "-pe", "shown"], { stdin: value })).code).toBe(0);
      const { code, output } = await walter.terminal(["old", "-pg", "shown"]).exit;
      expect({ code, output }).toEqual({ code: 0, output: value === "" ? "\r\n" : "x\r\n" });
      expect((await walter.pstore(["old", "-pg", "shown"])).text).toBe(value);
    }
  });
});

describe("what is stored cannot act upon a terminal", () => {
  // Sets the window's title, clears the screen, turns text around, hides itself, ends the line.
  const hostile = "a\u001b]0;owned\u0007b\u001b[2Jc\u202ed\u200be\u009bf\rg\u2028h\u{e0001}i";
  const shown = "a\\u{1b}]0;owned\\u{7}b\\u{1b}[2Jc\\u{202e}d\\u{200b}e\\u{9b}f\\u{d}g\\u{2028}h\\u{e0001}i";

  beforeAll(async () => {
    expect((await walter.pstore(["-c", "hostile"], { stdin: hostile })).code).toBe(0);
    for (const flag of ["-ps", "-pe"]) {
      expect((await walter.pstore(["hostile", flag, `value${flag}`], { stdin: hostile })).code).toBe(0);
    }
  });

  test("in a show", async () => {
    const { output } = await walter.terminal(["-v", "hostile"]).exit;
    expect(output).toContain(`value-ps = ${shown}\r\n`);
    expect(output).toContain(`password = ${shown}\r\n`);
    expect(output).not.toContain("\u001b");
    const concealed = (await walter.terminal(["hostile"]).exit).output;
    expect(concealed).toContain(`password = \u001b[30;40m${shown}\u001b[0m\r\n`);
    const { text } = await walter.pstore(["hostile"]);
    expect(text).toContain(`value-ps = ${hostile}\n`);
    expect(text).toEndWith(`password = ${hostile}\n`);
  });

  test("by -pg, public or encrypted", async () => {
    for (const name of ["value-ps", "value-pe", "password"]) {
      expect((await walter.terminal(["hostile", name]).exit).output).toBe(`${shown}\r\n`);
      expect((await walter.pstore(["hostile", name])).text).toBe(hostile);
      // JSON escapes of its own accord what JSON must; the rest is escaped for the terminal alone.
      const json = (await walter.terminal(["--json", "hostile", name]).exit).output;
      expect(json).toMatch(/^[\x20-\x7e\r\n]+$/);
      const { text } = await walter.pstore(["--json", "hostile", name]);
      expect(JSON.parse(text)).toEqual({ name, value: hostile });
    }
  });

  test("in bytes that are no text", async () => {
    const value = Uint8Array.of(0x61, 0x1b, 0x5b, 0x32, 0x4a, 0xff, 0x62);
    expect((await walter.pstore(["hostile", "-pe", "bytes"], { stdin: value })).code).toBe(0);
    for (const no of [value, Uint8Array.of(0x61, 0, 0x62)]) {
      expect((await walter.pstore(["hostile", "-pe", "bytes"], { stdin: no })).code).toBe(0);
      const { code, output } = await walter.terminal(["hostile", "bytes"]).exit;
      expect(code).toBe(1);
      expect(output).toStartWith(
        "error: 'bytes' is no text, and is not printed to a terminal; -o FILE writes it",
      );
      expect((await walter.pstore(["hostile", "bytes"])).stdout).toEqual(no);
    }
  });

  test("in errors, whoever has put it there", async () => {
    const { code, output } = await walter.terminal(["x\u001b[2J"]).exit;
    expect(code).toBe(2);
    expect(output).not.toContain("\u001b");
  });
});

describe("a question about keys", () => {
  test("is asked at the terminal, also when standard input is something else", async () => {
    const joe = team.user("joe");
    const alex = await team.add("alex");
    expect((await walter.pstore(["-c", "shared", "+joe", "+alex"], { stdin: "x" })).code).toBe(0);
    // Joe knows alex from the server's word only: reading is fine, encrypting to alex is asked.
    expect((await joe.pstore(["shared", "password"])).text).toBe("x");
    const piped = await joe.pstore(["shared", "-ps", "colour"], { stdin: "red" });
    expect({ code: piped.code, text: piped.text }).toEqual({ code: 1, text: "" });
    expect(piped.stderr).toContain("--yes");

    const asked = (answer: string) => {
      const terminal = openTerminal(["sh", "-c", 'printf red | "$0" shared -ps colour', pstore], {
        env: joe.env,
      });
      return terminal.waitFor(/Share this machine also with .*alex.* \[y\/N\] /).then(() => {
        terminal.type(`${answer}\r`);
        return terminal.exit;
      });
    };
    for (const answer of ["n", "", "yess"]) expect((await asked(answer)).code).toBe(1);
    expect((await joe.pstore(["shared", "colour"])).code).toBe(1);
    expect((await asked("y")).code).toBe(0);
    expect((await alex.pstore(["shared", "colour"])).text).toBe("red");
    // Once is enough.
    expect((await joe.pstore(["shared", "-ps", "colour"], { stdin: "blue" })).code).toBe(0);
  });
});
