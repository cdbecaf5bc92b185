// Private keys in files: how they are named, unlocked and kept secret, on machines without GnuPG.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { chmod, copyFile, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Account } from "./support/account.ts";
import { pstore } from "./support/executables.ts";
import { addKeyFileUser, type KeyFileUser } from "./support/key-file-user.ts";
import { findSecret } from "./support/leaks.ts";
import { type Finished, run, start, succeed } from "./support/process.ts";
import { SshAgentProcess } from "./support/ssh-agent.ts";
import { generateSshKey } from "./support/ssh-key.ts";
import { addSshUser, type SshUser } from "./support/ssh-user.ts";
import { createTeam, does, type Team } from "./support/team.ts";

/** What needs care on its way through a terminal, a file and a shell. */
const secret = "corréct  horse$";
const again = "NOTICE: re-using cached password";

let team: Team;
/** With an ed25519 key in ~/.ssh that has a passphrase. */
let eddy: SshUser;
/** With an RSA key in a file of its own, without a passphrase. */
let rosa: SshUser;
/** With an OpenPGP key in a file, which has a passphrase. */
let kim: KeyFileUser;

beforeAll(async () => {
  team = await createTeam({ users: [] });
  eddy = await addSshUser(team, "eddy", { type: "ed25519", passphrase: secret, hasGpg: false });
  rosa = await addSshUser(team, "rosa", { type: "rsa", bits: 2048, hasGpg: false, file: "keys/deploy" });
  kim = await addKeyFileUser(team, "kim", { passphrase: secret });
  await does(eddy, ["-c", "shared"], "the first");
  await rosaNames();
  await does(rosa, ["-c", "hers"], "hers");
  await does(eddy, ["shared", "+rosa", "+kim", "--yes"]);
  await does(kim, ["shared"]);
}, 60_000);
afterAll(() => team?.dispose());
beforeEach(async () => {
  await rosaNames();
  for (const user of [eddy, rosa, kim]) await user.forgetSession();
});

const at = (user: Account) => [`--store-url=${team.server.url}`, `--user=${user.name}`];
const rosaNames = () => rosa.configure(...at(rosa), "--identity=~/keys/deploy");

/** Runs a command whose passphrase nobody gives. */
const unattended = (user: Account, args: readonly string[], more = {}): Promise<Finished> =>
  run([pstore, ...args], {
    cwd: user.home,
    ...more,
    env: { ...user.env, ...(more as { env?: object }).env },
  });

/** Runs a command of bash in which `pstore` is the client. */
function bash(user: Account, script: string, stdin?: string): Promise<Finished> {
  const argv = [Bun.which("bash") ?? "bash", "-c", script];
  return run(argv, {
    cwd: user.home,
    env: { ...user.env, SECRET: secret },
    ...(stdin !== undefined && { stdin }),
  });
}

async function refused(finished: Promise<Finished>): Promise<string> {
  const { code, text, stderr } = await finished;
  expect({ code, text }).toEqual({ code: 1, text: "" });
  expect(stderr).toMatch(/^error: [^\n]+\n$/);
  return stderr.slice("error: ".length, -1);
}

describe("a key file is named", () => {
  test("by --identity, in ~/.pstorerc and by $PSTORE_IDENTITY, each of which takes the place of those before", async () => {
    await rosa.configure(...at(rosa));
    expect(await refused(rosa.pstore(["hers"]))).toBe(
      "no private key here could sign in as 'rosa' (looked at: gpg (not installed), ~/.ssh/id_* (there is none)); import yours, or give --identity or --user",
    );
    expect(await does(rosa, ["hers", "--identity", "keys/deploy"])).toBe("password = hers\n");
    expect(await does(rosa, ["hers", `--identity=${rosa.ssh.file}`])).toBe("password = hers\n");
    const named = { env: { PSTORE_IDENTITY: "~/keys/deploy" } };
    expect((await rosa.pstore(["hers"], named)).text).toBe("password = hers\n");

    await rosa.configure(...at(rosa), "--identity=~/missing");
    await rosa.forgetSession();
    expect(await refused(rosa.pstore(["hers"]))).toBe(
      "there is no key file ~/missing; mend its name in --identity, $PSTORE_IDENTITY or ~/.pstorerc, or make it",
    );
    expect((await rosa.pstore(["hers"], named)).text).toBe("password = hers\n");
    const wrong = { env: { PSTORE_IDENTITY: "~/missing" } };
    await rosa.forgetSession();
    expect(await refused(rosa.pstore(["hers"], wrong))).toContain("~/missing");
    expect((await rosa.pstore(["hers", "--identity=keys/deploy"], wrong)).text).toBe("password = hers\n");
  });

  test("several times: the one that is the user's is found", async () => {
    const other = eddy.ssh.file;
    const both = { env: { PSTORE_IDENTITY: `${other}:~/keys/deploy` } };
    expect((await rosa.pstore(["hers"], both)).text).toBe("password = hers\n");
    await rosa.forgetSession();
    const words = [`--identity=${other}`, "--identity=~/keys/deploy"];
    expect(await does(rosa, ["hers", ...words])).toBe("password = hers\n");
  });

  test("of OpenPGP: the machine and its values are made and read without gpg", async () => {
    await does(kim, ["-c", "kims", "+rosa", "--yes"], "made by kim");
    expect(await does(kim, ["-pg", "kims", "password"])).toBe("made by kim");
    expect(await does(rosa, ["kims"])).toBe("password = made by kim\n");
    await does(rosa, ["-P", "kims", "--yes"], "by rosa");
    expect(await does(kim, ["kims"])).toBe("password = by rosa\n");
    expect((await run(["gpg", "--version"], { env: kim.env }).catch(() => ({ code: null }))).code).toBeNull();
  });

  test("or found in ~/.ssh, at the first contact too", async () => {
    const fresh = { env: { XDG_STATE_HOME: join(eddy.home, "fresh") } };
    const { code, text, stderr } = await eddy.pstore(["shared"], fresh);
    expect({ code, text }).toEqual({ code: 0, text: "password = the first\n" });
    expect(stderr).not.toContain(again);
  });

  test("by nobody: what was looked at is listed, with why not", async () => {
    const home = join(rosa.home, "other-home");
    await mkdir(join(home, ".ssh"), { recursive: true });
    const env = { HOME: home, XDG_STATE_HOME: join(home, "state"), XDG_RUNTIME_DIR: join(home, "run") };
    const words = [...at(rosa), "hers"];
    const lookedAt = async () => /\(looked at: (.*)\);/.exec((await rosa.pstore(words, { env })).stderr)?.[1];
    expect(await lookedAt()).toBe("gpg (not installed), ~/.ssh/id_* (there is none)");
    const file = join(home, ".ssh/id_rsa");
    await copyFile(rosa.ssh.file, file);
    await chmod(file, 0o644);
    expect(await lookedAt()).toBe(
      "gpg (not installed), ~/.ssh/id_rsa (the permissions 0644 are too open: chmod 600 ~/.ssh/id_rsa)",
    );
    expect((await rosa.pstore(words, { env })).stderr).toEndWith(
      "); chmod 600 ~/.ssh/id_rsa, if that is yours, or give --user\n",
    );
    await chmod(file, 0o600);
    // It comes first and has the user's name in it, but it needs a passphrase, and nobody is asked before all others were tried.
    const likelier = { type: "ed25519", passphrase: secret, comment: "rosa@example.com" } as const;
    await generateSshKey(join(home, ".ssh/id_ed25519"), likelier);
    expect((await rosa.pstore(words, { env })).text).toBe("password = hers\n");
  });
});

test("a key file that others may read is refused, as ssh does", async () => {
  await chmod(rosa.ssh.file, 0o640);
  try {
    expect(await refused(rosa.pstore(["hers"]))).toBe(
      "the permissions 0640 of ~/keys/deploy are too open: chmod 600 ~/keys/deploy",
    );
  } finally {
    await chmod(rosa.ssh.file, 0o600);
  }
  await chmod(kim.openpgp.file, 0o604);
  try {
    const { file } = kim.openpgp;
    expect(await refused(kim.pstore(["shared"]))).toBe(
      `the permissions 0604 of ${file} are too open: chmod 600 ${file}`,
    );
  } finally {
    await chmod(kim.openpgp.file, 0o600);
  }
});

describe("a passphrase at the terminal", () => {
  const questionOf = (user: SshUser | KeyFileUser) =>
    user === eddy ? "Passphrase for ~/.ssh/id_ed25519: " : `Passphrase for ${kim.openpgp.file}: `;
  const shown = "password = \u001b[30;40mthe first\u001b[0m\r\n";

  test("is asked for once a command, without echo, and its second use is told", async () => {
    for (const user of [eddy, kim]) {
      const question = questionOf(user);
      const first = user.terminal(["shared"]);
      await first.waitFor(question);
      expect(first.echoes).toBe(false);
      first.type(`${secret}\r`);
      // One operation signs in, another one reads.
      expect(await first.exit).toMatchObject({ code: 0, output: `${question}\r\n${again}\r\n${shown}` });
      const second = user.terminal(["shared"]);
      await second.waitFor(question);
      second.type(`${secret}\r`);
      expect(await second.exit).toMatchObject({ code: 0, output: `${question}\r\n${shown}` });
    }
  });

  test("that is wrong is asked for again, three times in all", async () => {
    for (const user of [eddy, kim]) {
      const question = questionOf(user);
      const right = user.terminal(["shared"]);
      for (const keys of ["wrong", "", secret]) {
        await right.waitFor(question);
        right.type(`${keys}\r`);
      }
      const { code: status, output: shownThen } = await right.exit;
      expect(status).toBe(0);
      const wrongs = [2, 1].map((left) => `wrong passphrase, try again (${left} left)\r\n${question}\r\n`);
      expect(shownThen).toStartWith(`${question}\r\n${wrongs.join("")}`);
      await user.forgetSession();
      const wrong = user.terminal(["shared"]);
      for (const keys of ["one", "two", "three"]) {
        await wrong.waitFor(question);
        wrong.type(`${keys}\r`);
      }
      const { code, output } = await wrong.exit;
      expect(code).toBe(1);
      expect(output).toContain("was not unlocked: the passphrase was wrong 3 times\r\n");
    }
  });

  test("is given up with Ctrl-C", async () => {
    const terminal = eddy.terminal(["shared"]);
    await terminal.waitFor(questionOf(eddy));
    terminal.type("\x03");
    expect((await terminal.exit).code).toBe(130);
  });

  test("and the key that it unlocks stay in the memory of the one process", async () => {
    const seed = await seedOf(eddy);
    for (const user of [eddy, kim]) {
      const places = {
        ...{ folders: [join(user.home, ".local"), join(user.home, "run")], shared: [], since: new Date() },
        texts: { "the server's log": team.server.output },
      };
      const found = async () => [...(await findSecret(secret, places)), ...(await findSecret(seed, places))];
      const terminal = user.terminal(["-c", `secret-${user.name}`]);
      await terminal.waitFor(questionOf(user));
      terminal.type(`${secret}\r`);
      await terminal.waitFor("Type new machine password: ");
      expect(await found()).toEqual([]);
      terminal.type("abc\r");
      await terminal.waitFor("again: ");
      terminal.type("abc\r");
      const { code, output } = await terminal.exit;
      expect({ code, isShown: output.includes(secret) }).toEqual({ code: 0, isShown: false });
      expect(await found()).toEqual([]);
      // Also in the folders that all programs share.
      expect(await findSecret(secret, { folders: [], since: places.since, texts: {} })).toEqual([]);
    }
  });
});

/** The 32 bytes that an ed25519 key is made of, as its file holds them once its passphrase is taken away. */
async function seedOf(user: SshUser): Promise<Uint8Array> {
  const file = join(user.home, "open");
  await copyFile(user.ssh.file, file);
  await succeed(["ssh-keygen", "-q", "-p", "-P", secret, "-N", "", "-f", file]);
  const [, base64 = ""] = /-----\n([^-]*)-----/.exec(await readFile(file, "utf8")) ?? [];
  await rm(file);
  const bytes = Buffer.from(base64, "base64");
  const point = Buffer.from(user.ssh.line.split(" ")[1] ?? "", "base64").subarray(-32);
  const end = bytes.lastIndexOf(point);
  return bytes.subarray(end - 32, end);
}

describe("a passphrase that nobody types", () => {
  const read = { code: 0, text: "password = the first\n", stderr: "" };

  test("comes from a file, which is as private as the key", async () => {
    for (const user of [eddy, kim]) expect(await user.pstore(["shared"])).toMatchObject(read);
    const file = join(eddy.home, "passphrase");
    await chmod(file, 0o644);
    await eddy.forgetSession();
    expect(await refused(eddy.pstore(["shared"]))).toBe(
      `the permissions 0644 of ${file} are too open: chmod 600 ${file}`,
    );
    await chmod(file, 0o600);
    await writeFile(join(eddy.home, "wrong"), "wrong\n", { mode: 0o600 });
    const wrong = { env: { PSTORE_PASSPHRASE_FILE: "~/wrong" } };
    expect(await refused(eddy.pstore(["shared"], wrong))).toBe(
      "the passphrase in ~/wrong ($PSTORE_PASSPHRASE_FILE) is not that of ~/.ssh/id_ed25519; mend one of them",
    );
  });

  test("comes from a pipe, named by a shell or by the file system", async () => {
    const script = 'give() { PSTORE_PASSPHRASE_FILE=$1 pstore shared; }; give <(echo "$SECRET")';
    await succeed(["mkfifo", join(eddy.home, "pipe"), join(kim.home, "pipe")]);
    for (const user of [eddy, kim]) {
      expect(await bash(user, script)).toMatchObject(read);
      await user.forgetSession();
      const named = 'echo "$SECRET" > pipe & PSTORE_PASSPHRASE_FILE=~/pipe pstore shared';
      expect(await bash(user, named)).toMatchObject(read);
    }
  });

  test("comes from a descriptor, standard input included: what stands behind it is the value", async () => {
    for (const user of [eddy, kim]) {
      expect(await bash(user, 'pstore -pg shared password --passphrase-fd 3 3<<< "$SECRET"')).toMatchObject({
        code: 0,
        text: "the first",
      });
      await user.forgetSession();
      const both = `{ echo "$SECRET"; printf 'line 1\\nline 2'; } | pstore shared -pe "of ${user.name}" --yes --passphrase-fd=0`;
      expect(await bash(user, both)).toMatchObject({ code: 0, stderr: "" });
      expect(await does(user, ["-pg", "shared", `of ${user.name}`])).toBe("line 1\nline 2");
    }
    expect(await refused(bash(eddy, "pstore shared --passphrase-fd 97"))).toContain(
      "--passphrase-fd 97 cannot be read (EBADF)",
    );
    // The numbers of what it opens by itself: its state is none.
    for (const own of [3, 4, 5, 6, 7, 8, 9])
      expect(await refused(bash(eddy, `pstore shared --no-session --passphrase-fd ${own}`))).toMatch(
        new RegExp(`^--passphrase-fd ${own} cannot be read \\(E(BADF|INVAL)\\); give a descriptor`),
      );
    await eddy.forgetSession();
    expect(await refused(bash(eddy, "pstore shared --passphrase-fd 3 3<<< wrong"))).toBe(
      "the passphrase in --passphrase-fd 3 is not that of ~/.ssh/id_ed25519; mend one of them",
    );
  });

  test("is not handed on to what is run, nor found anywhere while that runs", async () => {
    const typed = new TransformStream<Uint8Array, Uint8Array>();
    const command = `sh -c 'cat <&3; echo "$PASSWORD"; read line'`;
    const script = `read -r given; pstore --run shared --passphrase-fd 3 -- ${command} 3< <(echo "$given"; echo more)`;
    const child = start([Bun.which("bash") ?? "bash", "-c", script], {
      ...{ env: eddy.env, cwd: eddy.home, stdin: typed.readable },
    });
    const places = {
      ...{ folders: [join(eddy.home, ".local"), join(eddy.home, "run")], since: new Date(), texts: {} },
    };
    const writer = typed.writable.getWriter();
    await writer.write(Buffer.from(`${secret}\n`));
    const { value } = await child.stdout.getReader().read();
    expect(Buffer.from(value ?? []).toString()).toBe("the first\n");
    expect(await findSecret(secret, places)).toEqual([]);
    await writer.close();
    expect(await child.stderr.text()).toContain("Bad file descriptor");
  });

  test("is missing: without a terminal, both ways to give it are named", async () => {
    for (const user of [eddy, kim]) {
      expect(await refused(unattended(user, ["shared"]))).toMatch(
        /^there is no terminal to ask for the passphrase of \S+ at; set PSTORE_PASSPHRASE_FILE to a file that holds it, or give --passphrase-fd$/,
      );
    }
  });
});

describe("an ssh-agent that holds the key", () => {
  test("signs: what only signs asks for no passphrase, and what reads still does", async () => {
    await using agent = await SshAgentProcess.start();
    await agent.add(eddy.ssh);
    const env = agent.env;
    expect(await unattended(eddy, ["-c", "by-agent"], { env, stdin: "signed by the agent" })).toMatchObject({
      code: 0,
      stderr: "",
    });
    expect(await unattended(eddy, ["by-agent", "+rosa"], { env })).toMatchObject({ code: 1 });
    expect(await refused(unattended(eddy, ["by-agent"], { env }))).toContain(
      "the passphrase of ~/.ssh/id_ed25519",
    );
    const terminal = eddy.terminal(["by-agent"], { env });
    await terminal.waitFor("Passphrase for ~/.ssh/id_ed25519: ");
    terminal.type(`${secret}\r`);
    expect((await terminal.exit).output).toContain("signed by the agent");
    const moved = join(eddy.home, "moved");
    await rename(eddy.ssh.file, moved);
    await eddy.forgetSession();
    expect(await refused(unattended(eddy, [], { env }))).toMatch(
      /ssh-agent \(it holds SHA256:\S+, and the file is not here\)\); give the file of your key as --identity, since an ssh-agent cannot decrypt, or give --user$/,
    );
    await rename(moved, eddy.ssh.file);
    await agent.clear();
    expect(await refused(unattended(eddy, [], { env }))).toContain("passphrase of ~/.ssh/id_ed25519");
  });
});

describe("completion", () => {
  test("asks for no passphrase: it says nothing where one would be needed, and names where none is", async () => {
    const terminal = eddy.terminal(["--lookup-machine", "shar"]);
    expect(await terminal.exit).toMatchObject({ code: 0, output: "" });
    expect(await does(rosa, ["--lookup-machine", "shar"])).toBe("shared\n");
    await does(eddy, ["shar"]);
    // With the session of that command.
    expect((await unattended(eddy, ["--lookup-machine", "shar"])).text).toBe("shared\n");
  });
});
