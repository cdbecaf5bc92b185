// --clip: copies instead of printing, and clears the clipboard after a while.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readdir, readFile, readlink, symlink } from "node:fs/promises";
import { join } from "node:path";
import { type Display, has, startWayland, startX } from "./support/displays.ts";
import { pstore, pstoreServer } from "./support/executables.ts";
import { run, succeed } from "./support/process.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";
import { openTerminal } from "./support/terminal.ts";

let team: Team;
let walter: User;

const secret = "pässwörd \u{1f511} 7294";

beforeAll(async () => {
  team = await createTeam({ users: ["walter", { name: "alex", flags: ["--view-any"] }] });
  walter = team.user("walter");
  await does(walter, ["-c", "web"], secret);
  await does(walter, ["web", "-ps", "ip"], "1.2.3.4");
  await does(walter, ["web", "-pe", "lines"], "one\ntwo\n");
}, 60_000);
afterAll(() => team.dispose());

/** The processes that will clear a clipboard for walter: their ids. No other pstore of theirs runs meanwhile. */
async function clearing(): Promise<readonly string[]> {
  const found = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const exe = await readlink(`/proc/${pid}/exe`).catch(() => "");
    if (!exe.startsWith(pstore) || exe.startsWith(pstoreServer)) continue;
    // While a process begins, it has no environment yet.
    const environ = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => null);
    if (environ === "" || environ?.includes(walter.home)) found.push(pid);
  }
  return found;
}

/** Waits for the end of the process that clears. */
async function cleared(): Promise<void> {
  while ((await clearing()).length > 0) await Bun.sleep(20);
}

/** Ends the process that clears, where a test needs it no more. */
async function endClearing(): Promise<void> {
  for (const pid of await clearing()) process.kill(Number(pid), "SIGKILL");
  await cleared();
}
afterEach(endClearing);

/** Waits until something is so: X hands a selection over some moments after the tool says so. */
async function until(expected: string, read: () => Promise<string>): Promise<void> {
  for (let tries = 0; tries < 100 && (await read()) !== expected; tries++) await Bun.sleep(20);
  expect(await read()).toBe(expected);
}

/** A folder with some programs alone, to be searched instead of all. */
async function only(...programs: readonly string[]): Promise<string> {
  const folder = join(walter.home, `bin-${programs.join("-")}`);
  await mkdir(folder, { recursive: true });
  for (const program of ["gpg", ...programs])
    await symlink(Bun.which(program) ?? "", join(folder, program)).catch(() => {});
  return folder;
}

interface Reached {
  readonly tool: string;
  readonly needs: readonly string[];
  readonly start: () => Promise<Display>;
  readonly paste: readonly string[];
  readonly copy: readonly string[];
}

const reached: readonly Reached[] = [
  {
    tool: "xclip",
    needs: ["Xvfb", "xclip"],
    start: startX,
    paste: ["xclip", "-o", "-selection", "clipboard"],
    copy: ["xclip", "-i", "-selection", "clipboard"],
  },
  { tool: "xsel", needs: ["Xvfb", "xsel"], start: startX, paste: ["xsel", "-ob"], copy: ["xsel", "-ib"] },
  {
    tool: "wl-copy",
    needs: ["sway", "wl-copy", "wl-paste"],
    start: startWayland,
    paste: ["wl-paste", "-n"],
    copy: ["wl-copy"],
  },
];

describe.each(reached)("with $tool", ({ tool, needs, start, paste, copy }) => {
  const isThere = needs.every(has);
  let display: Display;
  let env: Record<string, string>;
  beforeAll(async () => {
    if (!isThere) return;
    display = await start();
    env = { ...display.env, PATH: await only(...needs.slice(1), "cat", "rm") };
  });
  afterAll(() => display?.dispose());

  const held = async () => (await run(paste, { env: { ...display.env } })).text;
  const put = async (text: string) => {
    // What holds the clipboard goes on in the background, with the output that it was given.
    const { code } = await run(["sh", "-c", `${copy.join(" ")} >/dev/null 2>&1`], {
      env: { ...display.env, HOME: walter.home },
      stdin: text,
    });
    expect(code).toBe(0);
  };
  const copied = (property: string, seconds: number) =>
    `NOTICE: copied '${property}' of 'web' to the clipboard (${tool}), which is cleared in ${seconds} second${seconds === 1 ? "" : "s"}\n`;

  test.skipIf(!isThere)("the password is copied, the rest shown, and the clipboard cleared", async () => {
    const shown = await walter.pstore(["web", "--clip"], { env: { ...env, PSTORE_CLIP_SECONDS: "1" } });
    expect(shown).toMatchObject({ code: 0, stderr: copied("password", 1) });
    expect(shown.text).toBe(
      "ip = 1.2.3.4\nlines = (256 byte encrypted)\npassword = (copied to the clipboard)\n",
    );
    await until(secret, held);
    expect(await clearing()).toHaveLength(1);
    await cleared();
    await until("", held);
  });

  test.skipIf(!isThere)("a property is copied byte for byte", async () => {
    const { code, text, stderr } = await walter.pstore(["web", "lines", "--clip"], { env });
    expect({ code, text, stderr }).toEqual({ code: 0, text: "", stderr: copied("lines", 45) });
    await until("one\ntwo\n", held);
  });

  test.skipIf(!isThere)("what was copied since is left alone", async () => {
    const short = { ...env, PSTORE_CLIP_SECONDS: "1" };
    expect((await walter.pstore(["-pg", "web", "password", "--clip"], { env: short })).code).toBe(0);
    await put("another text");
    await until("another text", held);
    await cleared();
    await until("another text", held);
  });
});

describe.skipIf(!has("Xvfb") || !has("xclip"))("the process that clears", () => {
  let display: Display;
  beforeAll(async () => {
    display = await startX();
  });
  afterAll(() => display.dispose());
  const held = async () => (await run(["xclip", "-o", "-selection", "clipboard"], { env: display.env })).text;

  test("knows no secret: it stands in no argument, no environment and no file", async () => {
    const { code, stderr } = await walter.pstore(["web", "--clip"], { env: { ...display.env } });
    expect(code).toBe(0);
    expect(stderr).toContain("which is cleared in 45 seconds");
    const [pid] = await clearing();
    if (pid === undefined) throw new Error("There is no process that clears.");
    for (const file of ["cmdline", "environ"]) {
      for (const process of (await readdir("/proc")).filter((name) => /^\d+$/.test(name)))
        expect(await readFile(`/proc/${process}/${file}`, "utf8").catch(() => "")).not.toContain("7294");
    }
    expect((await run(["grep", "-rlF", "7294", walter.home])).text).toBe("");
    // It has a session of its own, without a terminal (proc(5), stat), and stands in nobody's folder.
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    expect(stat.split(") ")[1]?.split(" ").slice(3, 5)).toEqual([pid, "0"]);
    const links = await succeed([
      "readlink",
      ...["cwd", "fd/1", "fd/2"].map((link) => `/proc/${pid}/${link}`),
    ]);
    expect(links.text).toBe("/\n/dev/null\n/dev/null\n");
  });

  test("outlives the terminal, and a hang-up", async () => {
    const terminal = openTerminal(["sh", "-c", '"$0" web --clip; echo ready; read x', pstore], {
      env: { ...walter.env, ...display.env, PSTORE_CLIP_SECONDS: "2" },
      cwd: walter.home,
    });
    await terminal.waitFor("ready");
    const [pid = ""] = await clearing();
    terminal.hangUp();
    await terminal.exit;
    // It has started once it no longer dies of this signal (proc(5), SigCgt).
    await until("1", async () => {
      const status = await readFile(`/proc/${pid}/status`, "utf8");
      return String(Number.parseInt(/SigCgt:\t.*(.)/.exec(status)?.[1] ?? "0", 16) & 1);
    });
    process.kill(Number(pid), "SIGHUP");
    expect(await clearing()).toEqual([pid]);
    await until(secret, held);
    await cleared();
    await until("", held);
  });
});

describe("through the terminal (OSC 52)", () => {
  const osc52 = (text: string) => `\u001b]52;c;${Buffer.from(text).toString("base64")}\u0007`;
  const said = (seconds: number) =>
    `NOTICE: copied 'password' of 'web' through the terminal (OSC 52), if it passes that on; cleared in ${seconds} seconds, whatever it holds then\r\n`;
  const ssh = { SSH_CONNECTION: "192.0.2.1 1 192.0.2.2 22" };

  test("a remote user gets the text, and an empty one later", async () => {
    const terminal = openTerminal(["sh", "-c", '"$0" web --clip; echo ready; read x', pstore], {
      env: { ...walter.env, ...ssh, PSTORE_CLIP_SECONDS: "2" },
      cwd: walter.home,
    });
    const text = await terminal.waitFor("ready");
    expect(text).toContain(osc52(secret));
    expect(text).toContain(said(2));
    expect(text).toContain("password = (copied to the clipboard)\r\n");
    expect(text).not.toContain("7294");
    expect(await terminal.waitFor(osc52(""))).toEndWith(osc52(" ") + osc52(""));
    terminal.type("\r");
    expect((await terminal.exit).code).toBe(0);
  });

  test("is the way where no tool is there, or none works", async () => {
    const bare = await only("sh");
    for (const env of [{ PATH: bare }, { DISPLAY: ":4242" }]) {
      const { code, output } = await walter.terminal(["web", "password", "--clip"], {
        env,
      }).exit;
      expect(code).toBe(0);
      expect(output).toContain(osc52(secret));
      expect(output).toContain("through the terminal");
    }
  });

  test("says in tmux what tmux needs", async () => {
    const { output } = await walter.terminal(["web", "password", "--clip"], {
      env: { ...ssh, TMUX: "/tmp/tmux-0/default,1,0" },
    }).exit;
    expect(output).toContain("if it passes that on (tmux does with set -s set-clipboard on); cleared");
  });

  test("takes no more than terminals pass on", async () => {
    await does(walter, ["web", "-pe", "long"], "x".repeat(74_995));
    const { code, output } = await walter.terminal(["web", "long", "--clip"], { env: ssh }).exit;
    expect({ code, output }).toEqual({
      code: 1,
      output:
        "error: nothing was copied: 74995 bytes are more than terminals pass on (74994); use -o FILE\r\n",
    });
  });
});

describe("--clip", () => {
  test("beside -c and -P copies the password that is made up", async () => {
    for (const args of [
      ["-c", "made", "--generate"],
      ["-P", "made", "--words"],
    ]) {
      const { code, output } = await walter.terminal([...args, "--clip"], {
        env: { SSH_TTY: "/dev/pts/7" },
      }).exit;
      expect(code).toBe(0);
      const password = await does(walter, ["made", "-pg", "password"]);
      expect(output).toContain(`\u001b]52;c;${Buffer.from(password).toString("base64")}\u0007`);
      expect(output).toContain("NOTICE: copied 'password' of 'made' through the terminal");
      await endClearing();
    }
  });

  test("without a clipboard is a sentence, and nothing is stored", async () => {
    const env = { PATH: await only() };
    const none = "error: there is no clipboard here: ";
    for (const args of [["web"], ["web", "ip"], ["-c", "unclipped", "--generate"]]) {
      const { code, text, stderr } = await walter.pstore([...args, "--clip"], { env });
      expect({ code, text }).toEqual({ code: 1, text: "" });
      expect(stderr).toStartWith(none);
      expect(stderr).toEndWith("use -o FILE\n");
    }
    expect((await walter.pstore(["unclipped"])).code).toBe(1);
    for (const TERM of ["dumb", "linux"])
      expect((await walter.terminal(["web", "--clip"], { env: { ...env, TERM } }).exit).output).toStartWith(
        none,
      );
    if (!has("xclip")) return;
    const { stderr } = await walter.pstore(["web", "ip", "--clip"], {
      env: { PATH: await only("xclip"), DISPLAY: ":4242" },
    });
    expect(stderr).toBe("error: nothing was copied: xclip cannot reach the display; use -o FILE\n");
  });

  test("copies only what a clipboard can hold, and says what there is not to copy", async () => {
    await does(walter, ["web", "-pe", "empty"], "");
    expect((await walter.pstore(["web", "-pe", "bytes"], { stdin: Uint8Array.of(0xff, 1) })).code).toBe(0);
    await does(walter, ["web", "-ps", "huge"], "x".repeat(1024 * 1024 + 1));
    await does(walter, ["-c", "bare"], "x");
    await does(walter, ["bare", "-pd", "password", "--yes"]);
    const alex = team.user("alex");
    const failing = async (user: User, args: readonly string[]) => {
      const { code, output } = await user.terminal([...args, "--clip"], { env: { SSH_TTY: "/dev/pts/7" } })
        .exit;
      expect(code).toBe(1);
      expect(output).not.toContain("\u001b]52");
      return output;
    };
    expect(await failing(walter, ["web", "bytes"])).toContain(
      "nothing was copied: 'bytes' of 'web' is no text",
    );
    expect(await failing(walter, ["web", "empty"])).toContain(
      "nothing was copied: 'empty' of 'web' is empty",
    );
    expect(await failing(walter, ["web", "huge"])).toContain("'huge' of 'web' has 1048577 bytes");
    expect(await failing(walter, ["bare"])).toContain("nothing was copied: 'bare' has no password");
    expect(await failing(walter, ["we"])).toContain("nothing was copied: no machine is named just 'we'");
    expect(await failing(alex, ["-a", "web"])).toContain("'web' has a password that you may not read");
  });

  test.each([
    [["web", "--clip", "--json"], "leave out -o and --json"],
    [["web", "--clip", "-oout"], "leave out -o and --json"],
    [["--clip"], "--clip copies the password of a MACHINE"],
    [["-pl", "web", "--clip"], "--clip copies the password of a MACHINE"],
    [["web", "+alex", "--clip"], "--clip copies the password of a MACHINE"],
    [["-P", "web", "--clip"], "--clip copies the password of a MACHINE"],
  ])("%j is wrong usage", async (args, says) => {
    const { code, text, stderr } = await walter.pstore(args);
    expect({ code, text }).toEqual({ code: 2, text: "" });
    expect(stderr).toContain(says);
  });

  test.each(["0", "x", "1.5", "-1"])("refuses %s in $PSTORE_CLIP_SECONDS", async (seconds) => {
    const env = { PSTORE_CLIP_SECONDS: seconds };
    expect(await walter.pstore(["web", "--clip"], { env })).toMatchObject({
      code: 2,
      stderr: `error: PSTORE_CLIP_SECONDS is a number of seconds from 1 to 99999, not '${seconds}'\n`,
    });
  });
});
