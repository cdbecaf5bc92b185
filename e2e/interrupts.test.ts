// Ctrl-C, SIGTERM and a terminal that is closed, at every point of a command: the terminal is as it was, nothing is
// stored, and nothing of ours is left.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pstore } from "./support/executables.ts";
import { createGatedTeam, type Gate } from "./support/gate.ts";
import { answerPassphrase, forgetPassphrases } from "./support/gnupg.ts";
import { environment, succeed } from "./support/process.ts";
import { does, type Team, type User } from "./support/team.ts";
import { openTerminal, type TerminalSession } from "./support/terminal.ts";

const mebibyte = 1024 * 1024;
const ctrlC = "\x03";

let gate: Gate;
let team: Team;
let walter: User;
/** Her key has a passphrase. */
let ada: User;

beforeAll(async () => {
  ({ gate, team } = await createGatedTeam(["walter", "joe"]));
  walter = team.user("walter");
  ada = await team.add({ name: "ada", makeKeys: [{ passphrase: "x" }] });
  for (const user of [walter, ada]) await user.configure(`--store-url=${gate.url}`, `--user=${user.name}`);
  await answerPassphrase(ada.gnupg, "x");
  await does(ada, ["-c", "adas"], "secret\n");
  await does(ada, ["-c", "adas-too"], "secret\n");
  await does(walter, ["-c", "box"], "secret\n");
  await does(walter, ["box", "-ps", "colour"], "red");
  await does(walter, ["box", "-pe", "hidden"], "x");
  await does(walter, ["-c", "shared", "+ada"], "secret\n");
  await does(walter, ["-c", "large"], "secret\n");
  await succeed(["sh", "-c", `head -c ${64 * mebibyte} /dev/zero | "$0" large -ps big`, pstore], {
    env: walter.env,
  });
}, 60_000);

afterAll(async () => {
  await team?.dispose();
  await gate?.[Symbol.asyncDispose]();
});

/** What the store holds, in numbers. */
function stored(): Record<string, number> {
  const db = new Database(team.server.database, { readonly: true });
  try {
    db.run("PRAGMA busy_timeout = 5000");
    const tables = ["revisions", "uploads", "stored_values", "value_pieces", "wrapped_keys"];
    const count = (table: string) =>
      db.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? 0;
    return Object.fromEntries(tables.map((table) => [table, count(table)]));
  } finally {
    db.close();
  }
}

/** The processes of a user that run now, by name, but for the agent, which stays. */
async function running(user: User): Promise<{ name: string; pid: number }[]> {
  const found: { name: string; pid: number }[] = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const environ = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
    if (!environ.split("\0").includes(`GNUPGHOME=${user.gnupg.path}`)) continue;
    const name = (await readFile(`/proc/${pid}/comm`, "latin1").catch(() => "")).trim();
    if (name !== "" && !/^(?:gpg-agent|sh|cat|sleep)$/.test(name)) found.push({ name, pid: Number(pid) });
  }
  return found;
}

/** Waits for what another process does, and tells by its traces alone. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; !(await holds()); await Bun.sleep(10)) {
    if (Date.now() > end) throw new Error("It did not happen within 10 seconds.");
  }
}

/** A command at a terminal, under a shell that outlives it, as a person has one. */
class Shell {
  readonly terminal: TerminalSession;
  readonly #user: User;

  /** @param command in the shell's words */
  constructor(user: User, command: string) {
    this.#user = user;
    const script = `trap : INT
printf '<%s>' "$(stty -g)"
${command}
printf '<%s %s>' "$?" "$(stty -g)"`;
    this.terminal = openTerminal(["sh", "-c", script], {
      env: { ...user.env, PATH: `${dirname(pstore)}:${environment()["PATH"]}` },
      cwd: user.home,
    });
  }

  /** Ends the command, and tells what the terminal showed of it. */
  async interrupt(keys = ctrlC): Promise<string> {
    this.terminal.type(keys);
    return this.expectInterrupted();
  }

  /** Sends a signal to pstore alone. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    for (const { name, pid } of await running(this.#user)) if (name === "pstore") process.kill(pid, signal);
  }

  /** Expects that the command was interrupted, that the terminal is as it was, and that nothing runs on. */
  async expectInterrupted(expected = 130): Promise<string> {
    const { output } = await this.terminal.exit;
    const [, before, shown = "", status, after] = /^<(\S+)>(.*)<(\d+) (\S+)>$/s.exec(output) ?? [];
    expect({ status, modes: after, output }).toEqual({ status: `${expected}`, modes: before, output });
    // gpg notices by its pipes that nobody wants anything of it any more.
    await until(async () => (await running(this.#user)).length === 0);
    expect(shown).not.toMatch(/error|fault/);
    return shown;
  }
}

/** Expects that the store and a user's folders are left as they were. */
async function leavesNoTrace(user: User, act: () => Promise<void>): Promise<void> {
  const files = async () =>
    (await Promise.all([user.home, user.gnupg.path].map((path) => readdir(path, { recursive: true }))))
      .flat()
      // What the agent and a sign-in leave of their own accord.
      .filter((name) => !/^S\.gpg-agent|^pinentry-asked$|^random_seed$|^run\/pstore/.test(name))
      .sort();
  const before = { stored: stored(), files: await files() };
  await act();
  // What was uploaded by halves goes when the server notices that the client is gone.
  await until(() => Bun.deepEquals(stored(), before.stored)).catch(() => {});
  expect({ stored: stored(), files: await files() }).toEqual(before);
  // No lock is in the way of the next command, and nothing is left for it to do.
  const next = await user.pstore(["box"], { timeout: 10_000 });
  expect(next.stderr).not.toMatch(/not answered before|fault/);
}

describe("Ctrl-C at a question", () => {
  const first = "Type new machine password: ";
  const again = "Type new machine password again: ";

  test.each([
    ["pstore -c new", [first], []],
    ["pstore -c new", [first, again], ["abc\r"]],
    ["pstore -c new", [first], ["abc"]],
    ["pstore -P box", [first], []],
    ["pstore --yes -P box", [first, again], ["abc\r", "ab"]],
  ] as const)("%s, after %j", async (command, questions, answers) => {
    await leavesNoTrace(walter, async () => {
      const shell = new Shell(walter, command);
      for (const [index, question] of questions.entries()) {
        await shell.terminal.waitFor(question);
        shell.terminal.type(answers[index] ?? "");
      }
      const shown = await shell.interrupt();
      expect(shown).toBe(questions.map((question) => `${question}\r\n`).join(""));
    });
  });

  test("whether to encrypt to somebody known from the server's word", async () => {
    await answerPassphrase(ada.gnupg, "x");
    await does(ada, ["shared", "password"]);
    await leavesNoTrace(ada, async () => {
      const shell = new Shell(ada, "printf x | pstore shared -pe file");
      await shell.terminal.waitFor("[y/N] ");
      expect(await shell.interrupt(`y${ctrlC}`)).toEndWith("[y/N] y\r\n");
    });
  });

  test.each([
    ["pstore -D box", "Delete the machine 'box'"],
    ["pstore -pd box colour", "Delete 'colour'"],
    ["pstore --each 'box*' +joe", "Change who has access (+joe) to this machine?"],
    ["printf x | pstore box -ps hidden", "store it public"],
    ["pstore --offboard ada", "Revoke ada"],
    [`pstore --store-url=http://localhost:PORT --store-url=http://127.0.0.1:PORT box`, "as the same store"],
  ])("%s", async (command, question) => {
    await leavesNoTrace(walter, async () => {
      const shell = new Shell(walter, command.replaceAll("PORT", new URL(gate.url).port));
      await shell.terminal.waitFor(question);
      await shell.terminal.waitFor("[y/N] ");
      expect(await shell.interrupt()).toEndWith("[y/N] \r\n");
    });
  });

  test("whether to trust a key", async () => {
    await leavesNoTrace(walter, async () => {
      const shell = new Shell(walter, "pstore --trust ada");
      await shell.terminal.waitFor("[y/N] ");
      expect(await shell.interrupt()).toEndWith("[y/N] \r\n");
    });
  });

  test.each(["-ps", "-pe"])("while a value is typed, by %s", async (kind) => {
    await leavesNoTrace(walter, async () => {
      const shell = new Shell(walter, `pstore box ${kind} typed`);
      await shell.terminal.waitFor("it is shown as you type");
      shell.terminal.type("half a val");
      await shell.terminal.waitFor("half a val");
      expect(await shell.interrupt()).toEndWith("\nhalf a val^C");
    });
  });
});

describe("Ctrl-C while the server is slow to answer", () => {
  test.each([
    ["a sign-in", "pstore box", /\/challenge /, true],
    ["a sign-in that was sent", "pstore box", /\/session /, true],
    ["a list", "pstore -a", /\/objects/, false],
    ["a show", "pstore box", /\/objects\?/, false],
    ["a value", "pstore -pg box password", /\/object\?/, false],
    ["a change", "pstore box +joe", /\/object\?/, false],
    ["a large value", "pstore -pg large big > /dev/null", /\/value\?/, false],
  ] as const)("%s", async (_what, command, request, isFirst) => {
    await leavesNoTrace(walter, async () => {
      if (isFirst) await walter.forgetSession();
      const held = gate.hold(request);
      const shell = new Shell(walter, command);
      await held;
      expect(await shell.interrupt()).toBe("^C");
    });
  });
});

describe("Ctrl-C in the middle of a transfer", () => {
  test("to the server, with the progress bar drawn", async () => {
    await leavesNoTrace(walter, async () => {
      gate.slow(8 * mebibyte);
      const shell = new Shell(walter, `head -c ${64 * mebibyte} /dev/zero | pstore large -pe up`);
      await shell.terminal.waitFor("MiB/s");
      const shown = await shell.interrupt();
      expect(shown).toEndWith("\r\u001b[K");
      gate.slow(Number.POSITIVE_INFINITY);
    });
  });

  test("from the server, to standard output and to a file, which is not left", async () => {
    gate.slow(8 * mebibyte);
    for (const to of ["> /dev/null", "| cat > /dev/null", "-o copy"]) {
      await leavesNoTrace(walter, async () => {
        const shell = new Shell(walter, `pstore -pg large big ${to}`);
        await shell.terminal.waitFor("MiB/s");
        const shown = await shell.interrupt();
        expect(shown).toEndWith("\r\u001b[K");
      });
    }
    gate.slow(Number.POSITIVE_INFINITY);
  });

  test("to a pipe that nobody reads", async () => {
    await leavesNoTrace(walter, async () => {
      const shell = new Shell(walter, "{ trap : INT; pstore -pg large big; echo $? >&2; } | sleep 60");
      await gate.answered(mebibyte);
      shell.terminal.type(ctrlC);
      await shell.terminal.waitFor("130\r\n");
    });
  });
});

describe("Ctrl-C while a concealed password is printed", () => {
  test("conceals nothing that is printed behind it", async () => {
    const size = 16 * mebibyte;
    const words = ["shared", "-pe", "password"];
    expect((await walter.pstore(words, { stdin: new Uint8Array(size).fill(0x78) })).code).toBe(0);
    const interrupted = async () => {
      const shell = new Shell(walter, "pstore shared");
      await shell.terminal.waitFor("xxx");
      shell.terminal.type(ctrlC);
      const { output } = await shell.terminal.exit;
      return output.length < size ? shell.expectInterrupted() : null;
    };
    await leavesNoTrace(walter, async () => {
      // A busy terminal may pass a key on behind all that is printed: then nothing was interrupted.
      let shown: string | null = null;
      for (let tries = 0; tries < 10 && shown === null; tries++) shown = await interrupted();
      expect(shown).toEndWith("\u001b[0m");
    });
    await does(walter, ["-P", "shared"], "secret\n");
  });
});

// As pinentry-curses does: it takes the terminal into a mode of its own, waits for keys there, and on SIGTERM leaves it as
// it was.
const hangingPinentry = `#!/bin/sh
echo "OK ready"
while read -r command rest; do
  case "$command $rest" in
    "OPTION ttyname="*) tty=\${rest#ttyname=}; echo OK ;;
    "GETINFO pid") echo "D $$"; echo OK ;;
    GETPIN*)
      # Without a terminal, for what comes after the test.
      if [ -z "$tty" ]; then echo "D x"; echo OK; continue; fi
      modes=$(stty -g < "$tty")
      trap 'kill $!; stty "$modes" < "$tty"; echo > "$tty"; exit 1' TERM
      stty -icanon -echo < "$tty"
      printf "Passphrase: " > "$tty"
      cat "$tty" > /dev/null &
      wait ;;
    *) echo OK ;;
  esac
done
`;

describe("Ctrl-C while a passphrase is asked for", () => {
  beforeAll(() => writeFile(join(ada.gnupg.path, "pinentry"), hangingPinentry, { mode: 0o700 }));

  test.each([
    ["to sign in", "pstore adas", true],
    ["to read", "pstore -pg adas password", false],
    ["to read, into a file", "pstore -pg adas password -o copy", false],
    ["to write", "pstore adas +joe", false],
    ["to write to many", "pstore --each 'adas*' +joe --yes", false],
    ["to sign a change", "printf x | pstore adas -ps file", false],
  ])("%s", async (_what, command, isFirst) => {
    await leavesNoTrace(ada, async () => {
      if (isFirst) await ada.forgetSession();
      await forgetPassphrases(ada.gnupg);
      const shell = new Shell(ada, command);
      await shell.terminal.waitFor("Passphrase: ");
      expect(shell.terminal.echoes).toBe(false);
      expect(await shell.interrupt()).toEndWith("Passphrase: \r\n");
    });
  });
});

describe("Ctrl-C while a change is on its way", () => {
  const told =
    "^CWARNING: interrupted while the change was on its way; the next pstore command tells whether it is stored\r\n";
  const next = async () => {
    const { code, stderr } = await walter.pstore(["-pl", "box"]);
    expect(code).toBe(0);
    return stderr;
  };

  test("stores nothing that the server has not got, also not with the next command", async () => {
    await leavesNoTrace(walter, async () => {
      const held = gate.holdCommits(1);
      const shell = new Shell(walter, "printf x | pstore box -ps file");
      await held;
      expect(await shell.interrupt()).toBe(told);
      expect(await next()).toBe("NOTICE: the change of 'box' that was interrupted is not stored\n");
      expect(await next()).toBe("");
    });
  });

  test("stores what the server has, and the next command says so", async () => {
    const before = stored();
    const held = gate.holdCommits(1);
    const shell = new Shell(walter, "printf x | pstore box -ps file");
    const [commit] = await held;
    await commit?.begin();
    process.kill(team.server.pid, "SIGSTOP");
    void commit?.release();
    expect(await shell.interrupt()).toBe(told);
    process.kill(team.server.pid, "SIGCONT");
    await until(() => stored()["revisions"] === (before["revisions"] ?? 0) + 1);
    expect(await next()).toBe("NOTICE: the change of 'box' that was interrupted is stored\n");
    expect(await next()).toBe("");
    expect(await does(walter, ["box", "file"])).toBe("x");
  });

  test("of a new machine is told alike", async () => {
    const held = gate.holdCommits(1);
    const shell = new Shell(walter, "echo secret | pstore -c new");
    await held;
    expect(await shell.interrupt()).toBe(told);
    expect(await next()).toBe("NOTICE: the change of 'new' that was interrupted is not stored\n");
    expect((await walter.pstore(["new"])).code).toBe(1);
  });
});

describe("at a question, in a transfer and while a passphrase is asked for", () => {
  /** Brings a command to such a point. */
  const points: readonly [what: string, begin: () => Promise<[User, Shell]>][] = [
    [
      "a question",
      async () => {
        const shell = new Shell(walter, "pstore -P box");
        await shell.terminal.waitFor("password: ");
        return [walter, shell];
      },
    ],
    [
      "a transfer",
      async () => {
        const shell = new Shell(walter, "pstore -pg large big -o copy");
        await gate.answered(mebibyte);
        return [walter, shell];
      },
    ],
    [
      "a passphrase",
      async () => {
        await forgetPassphrases(ada.gnupg);
        const shell = new Shell(ada, "pstore -pg adas password -o copy");
        await shell.terminal.waitFor("Passphrase: ");
        return [ada, shell];
      },
    ],
  ];
  beforeAll(() => gate.slow(8 * mebibyte));
  afterAll(() => gate.slow(Number.POSITIVE_INFINITY));

  test.each(points)("Ctrl-C twice: %s", async (_what, begin) => {
    await leavesNoTrace(walter, async () => {
      const [, shell] = await begin();
      await shell.interrupt(ctrlC + ctrlC);
    });
  });

  test.each(points)("SIGTERM: %s", async (_what, begin) => {
    await leavesNoTrace(walter, async () => {
      const [, shell] = await begin();
      await shell.signal("SIGTERM");
      await shell.expectInterrupted(143);
    });
  });

  test.each(points)("the terminal is closed: %s", async (_what, begin) => {
    await leavesNoTrace(walter, async () => {
      const [user, shell] = await begin();
      shell.terminal.hangUp();
      await shell.terminal.exit;
      await until(async () => (await running(user)).length === 0);
    });
  });
});
