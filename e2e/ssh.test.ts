// pstore --ssh: a real ssh logs in to a real sshd with the stored password, which is nowhere to be read meanwhile.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pstore } from "./support/executables.ts";
import { privateKeyOperations } from "./support/gnupg.ts";
import { findSecret } from "./support/leaks.ts";
import { environment, run, succeed } from "./support/process.ts";
import { createSystemUser, type Sshd, type SystemUser, startSshd, whyNoSshd } from "./support/sshd.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";
import { openTerminal, type TerminalSession } from "./support/terminal.ts";

const since = new Date();
const secret = `s3cret-${randomBytes(12).toString("hex")}`;
const jumpSecret = `jump-${randomBytes(12).toString("hex")}`;
const reason = whyNoSshd();

describe.skipIf(reason !== null)(`--ssh${reason === null ? "" : ` (skipped: ${reason})`}`, () => {
  let team: Team;
  let walter: User;
  /** Logs in with its password, with the same one by keyboard-interactive, and with either. */
  let account: SystemUser;
  let asked: SystemUser;
  let either: SystemUser;
  let jumper: SystemUser;
  let sshd: Sshd;
  /** The name by which ssh knows the host's key. */
  let db3: string;

  /** What goes when the tests are done, or could not begin. */
  const made = new AsyncDisposableStack();

  beforeAll(async () => {
    jumper = made.use(await createSystemUser(jumpSecret));
    account = made.use(await createSystemUser(secret));
    asked = made.use(await createSystemUser(secret));
    either = made.use(await createSystemUser(secret));
    sshd = made.use(
      await startSshd({
        users: {
          [account.name]: "password",
          [asked.name]: "keyboard-interactive",
          [either.name]: "both",
          [jumper.name]: "password",
        },
      }),
    );
    db3 = `[db3]:${sshd.port}`;
    team = made.use(await createTeam({ users: [{ name: "walter", countOperations: true }] }));
    walter = team.user("walter");
    await does(walter, ["-c", "db3"], secret);
    await does(walter, ["db3", "-ps", "ip-address"], "127.0.0.1\n");
    await does(walter, ["db3", "-ps", "ssh-username"], account.name);
    await does(walter, ["-c", "wrong"], "not the password");
    await does(walter, ["wrong", "-ps", "ip-address"], "127.0.0.1");
    await configure();
    await know("[db3]", "[wrong]");
  }, 60_000);
  afterAll(() => made.disposeAsync());

  const inHome = (name: string) => join(walter.home, name);

  /** ssh looks for its files in the home of the account that runs it, whatever HOME says. */
  const configure = (...lines: readonly string[]) =>
    writeFile(
      inHome("ssh_config"),
      `${[
        ...lines,
        "Host *",
        `Port ${sshd.port}`,
        `UserKnownHostsFile ${inHome("known_hosts")}`,
        "GlobalKnownHostsFile none",
        "IdentityFile none",
        "IdentityAgent none",
        "HashKnownHosts no",
        "ConnectTimeout 20",
      ].join("\n")}\n`,
    );
  const know = (...names: readonly string[]) =>
    writeFile(inHome("known_hosts"), names.map((name) => `${name}:${sshd.port} ${sshd.hostKey}\n`).join(""));

  const words = (machine: string, ...more: readonly string[]) => [
    ...["--ssh", machine, "-F", inHome("ssh_config")],
    ...more,
  ];
  const ssh = (machine: string, ...more: readonly string[]) => walter.pstore(words(machine, ...more));

  /** What sshd has logged of attempts with a password since this was called. */
  const attempts = () => {
    const start = sshd.output.length;
    return () =>
      [...sshd.output.slice(start).matchAll(/(Accepted|Failed) (?:password|keyboard\S*) for (\S+)/g)].map(
        ([, what, name]) => `${what} ${name}`,
      );
  };

  const answer = async (terminal: TerminalSession, question: string | RegExp, keys: string) => {
    await terminal.waitFor(question);
    terminal.type(keys);
  };

  describe("a host that takes the stored password", () => {
    test("runs a command, and its exit status is pstore's", async () => {
      const logged = attempts();
      expect(await ssh("db3", "whoami; exit 7")).toMatchObject({
        code: 7,
        text: `${account.name}\n`,
        stderr: "",
      });
      expect(logged()).toEqual([`Accepted ${account.name}`]);
    });

    test("reads standard input and writes standard output, whatever they hold", async () => {
      const bytes = randomBytes(1_000_000);
      const { stdout, stderr, code } = await walter.pstore(words("db3", "cat; echo e >&2"), { stdin: bytes });
      expect({ code, stderr }).toEqual({ code: 0, stderr: "e\n" });
      expect(Buffer.from(stdout).equals(bytes)).toBe(true);
    });

    test("may ask for it by keyboard-interactive", async () => {
      const { text, stderr } = await ssh("db3", "-l", asked.name, "whoami");
      expect({ text, stderr }).toEqual({ text: `${asked.name}\n`, stderr: "" });
    });

    test("gives a shell at the terminal", async () => {
      const terminal = walter.terminal(words("db3"));
      await answer(terminal, "$ ", "echo $((6 * 7)) from $(tty)\r");
      await terminal.waitFor(/42 from \/dev\/pts/);
      terminal.type("exit 3\r");
      expect(await terminal.exit).toMatchObject({ code: 3, signal: null });
      expect(terminal.output).not.toContain(secret);
    });

    test("is found by ssh's own means where no address is stored, as another user where ssh is told so", async () => {
      await does(walter, ["-c", "127.0.0.1"], secret);
      await know("[127.0.0.1]", "[db3]", "[wrong]");
      const own = await ssh("127.0.0.1", `-oUser=${either.name}`, "-v", "whoami");
      expect(own).toMatchObject({ code: 0, text: `${either.name}\n` });
      await configure("Host db3", `User ${asked.name}`, "HostName 127.0.0.9");
      // The store goes before ssh's configuration, and ssh's own words before the store.
      expect((await ssh("db3", "whoami")).text).toBe(`${account.name}\n`);
      expect((await ssh("db3", "-o", `user ${either.name}`, "whoami")).text).toBe(`${either.name}\n`);
      const { stderr, code } = await ssh("db3", "-o", "HostName=127.0.0.8", "-o", "ConnectTimeout=5", "true");
      expect(code).toBe(255);
      expect(stderr).toContain("127.0.0.8");
      await configure();
    });

    test("costs one private-key operation, and none where it takes a key", async () => {
      const counted = async (...more: readonly string[]) => {
        const before = await privateKeyOperations(walter.gnupg);
        expect((await ssh("db3", ...more, "true")).code).toBe(0);
        return (await privateKeyOperations(walter.gnupg)).decrypt - before.decrypt;
      };
      expect(await counted()).toBe(1);
      await succeed(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", inHome("id")]);
      await mkdir(join(account.home, ".ssh"), { recursive: true });
      const key = await readFile(inHome("id.pub"));
      await writeFile(join(account.home, ".ssh/authorized_keys"), key);
      expect(await counted("-i", inHome("id"))).toBe(0);
    });

    test("may be reached with contrib/pstore-ssh", async () => {
      const script = join(import.meta.dir, "../contrib/pstore-ssh");
      const { text } = await run([script, ...words("db3", "echo '$x'").slice(1)], {
        env: { ...walter.env, PATH: `${join(pstore, "..")}:${environment()["PATH"]}` },
      });
      expect(text).toBe("$x\n");
    });
  });

  test("the password is in no argument, environment, file or log while ssh runs", async () => {
    const terminal = walter.terminal(words("db3", "-vvv", "echo ready; read x"));
    await terminal.waitFor(/^ready/m);
    const found = await findSecret(secret, {
      folders: [walter.home, walter.gnupg.path, team.server.folder, account.home, sshd.folder],
      since,
      texts: {
        "sshd's log": sshd.output,
        "the server's output": team.server.output,
        "the terminal": terminal.output,
      },
    });
    expect(found).toEqual([]);
    expect(await readdir(inHome("run"))).toEqual(expect.arrayContaining([expect.stringMatching(/^pstore-/)]));
    terminal.type("\r");
    expect((await terminal.exit).code).toBe(0);
    expect((await readdir(inHome("run"))).filter((name) => name.startsWith("pstore-"))).toEqual([]);
  });

  test("the socket lies in /tmp where the runtime folder is too deep, or no folder to write in", async () => {
    for (const folder of [join(walter.home, "x".repeat(100)), "/proc/nowhere"]) {
      const env = { XDG_RUNTIME_DIR: folder };
      const { text } = await walter.pstore(words("db3", "whoami"), { env });
      expect(text).toBe(`${account.name}\n`);
    }
  });

  describe("a host that does not take it", () => {
    test("is asked once, and a sentence says what to do", async () => {
      const logged = attempts();
      // By password, by keyboard-interactive, and by either; all at once, since each refusal takes sshd two seconds.
      const names = [account, asked, either].map(({ name }) => name);
      const finished = await Promise.all(names.map((name) => ssh("wrong", "-l", name, "true")));
      for (const [index, name] of names.entries()) {
        const { text, stderr, code } = finished[index] ?? {};
        expect({ text, code }).toEqual({ text: "", code: 255 });
        expect(stderr?.replace("Permission denied, please try again.\r\n", "")).toBe(
          `error: 127.0.0.1 does not take the stored password of 'wrong' for ${name}; store the right one with pstore -P wrong, or the right user as ssh-username\n`,
        );
      }
      expect(logged().sort()).toEqual(names.map((name) => `Failed ${name}`).sort());
    });
  });

  describe("a host that is not known", () => {
    test("is shown at the terminal, noted under the machine's name, and gets the password after a yes", async () => {
      await know();
      const terminal = walter.terminal(words("db3", "whoami"));
      const question = await terminal.waitFor("(yes/no/[fingerprint])? ");
      expect(question).toContain(
        `The authenticity of host '${db3} ([127.0.0.1]:${sshd.port})' can't be established.\r\n`,
      );
      terminal.type("perhaps\r");
      await answer(terminal, "Please type 'yes', 'no' or the fingerprint: ", "yes\r");
      await terminal.waitFor(`${account.name}\r\n`);
      expect(await terminal.exit).toMatchObject({
        code: 0,
        output: expect.stringContaining("fingerprint: yes\r\n"),
      });
      expect(await readFile(inHome("known_hosts"), "utf8")).toBe(`${db3} ${sshd.hostKey}\n`);
    });

    test.each([
      ["no", "no\r", 255],
      ["Ctrl-C", "\x03", 130],
    ])("gets nothing after %s", async (_what, keys, code) => {
      await know();
      const logged = attempts();
      const terminal = walter.terminal(words("db3", "true"));
      await answer(terminal, "(yes/no/[fingerprint])? ", keys);
      expect((await terminal.exit).code).toBe(code);
      expect(logged()).toEqual([]);
    });

    test("gets nothing where nobody can be asked", async () => {
      await know();
      // In a session of its own it has no terminal, wherever the tests run.
      const { code, stderr } = await run(["setsid", "--wait", pstore, ...words("db3", "true")], {
        env: walter.env,
      });
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^error: there is no terminal to ask 'The authenticity of host .*'s?.* at; run it at a terminal\n$/,
      );
      await know("[db3]", "[wrong]");
    });

    test("gets nothing when it answers at another address that a machine's writer has stored", async () => {
      const logged = attempts();
      await using other = await startSshd({ address: "127.0.0.2", port: sshd.port });
      await does(walter, ["db3", "-ps", "ip-address"], "127.0.0.2");
      const { code, stderr } = await ssh("db3", "true");
      expect(code).toBe(255);
      expect(stderr).toContain("REMOTE HOST IDENTIFICATION HAS CHANGED!");
      expect(other.output).toContain("Connection from 127.0.0.1");
      expect(other.output).not.toMatch(/userauth-request|password for/);
      await does(walter, ["db3", "-ps", "ip-address"], "127.0.0.1");
      expect(logged()).toEqual([]);
    });
  });

  describe("whoever may change an address, and not read the password, leads it to no other host that ssh knows:", () => {
    const strict = "-oStrictHostKeyChecking=yes";
    /** Where ssh would go, all considered, by what it says itself. */
    const effective = async (machine: string, ...more: readonly string[]) => {
      const { text } = await ssh(machine, ...more, "-G");
      const lines = text.split("\n").map((line) => line.split(" "));
      return Object.fromEntries(lines.map(([keyword, ...value]) => [keyword, value.join(" ")]));
    };
    let alias: string;

    beforeAll(async () => {
      await does(walter, ["-c", "odd one"], secret);
      await does(walter, ["odd one", "-ps", "ip-address"], "127.0.0.1");
      await does(walter, ["odd one", "-ps", "ssh-username"], account.name);
      const { hostname, hostkeyalias = "" } = await effective("odd one");
      expect(hostname).toBe("127.0.0.1");
      expect(hostkeyalias).toMatch(/^\[odd-one\+[0-9a-f]{8}-[0-9a-f-]{27}\]:\d+$/);
      alias = hostkeyalias;
    });
    afterAll(async () => {
      await configure();
      await know("[db3]", "[wrong]");
    });

    test("where the machine's name is no host's", async () => {
      await know("[127.0.0.1]", "[db3]");
      const logged = attempts();
      const { code, stderr } = await ssh("odd one", strict, "whoami");
      expect(code).toBe(255);
      expect(stderr).toContain(`No ED25519 host key is known for ${alias} and you have requested strict`);
      expect(logged()).toEqual([]);
      const terminal = walter.terminal(words("odd one", "whoami"));
      await terminal.waitFor(`The authenticity of host '${alias} ([127.0.0.1]:${sshd.port})' can't be`);
      await answer(terminal, "(yes/no/[fingerprint])? ", "yes\r");
      expect((await terminal.exit).code).toBe(0);
      expect((await ssh("odd one", strict, "whoami")).text).toBe(`${account.name}\n`);
    });

    test("where ssh's configuration has another name for what is at that address", async () => {
      await know("[127.0.0.1]", "[db3]");
      for (const which of ["Host 127.0.0.1", "Match host 127.0.0.1", `Match user ${account.name}`]) {
        await configure(which, `HostKeyAlias ${db3}`, "VerifyHostKeyDNS yes");
        const logged = attempts();
        expect(await ssh("odd one", strict, "true")).toMatchObject({ code: 255, text: "" });
        expect(logged()).toEqual([]);
        expect(await effective("odd one")).toMatchObject({ hostkeyalias: alias, verifyhostkeydns: "false" });
      }
    });

    test("but a name that the configuration or the user gives the machine holds", async () => {
      await know("[127.0.0.1]", "[db3]");
      await configure("Match host 127.0.0.1", "HostKeyAlias other", "Host odd-one+*", `HostKeyAlias ${db3}`);
      expect((await ssh("odd one", strict, "whoami")).text).toBe(`${account.name}\n`);
      await configure();
      const own = `-oHostKeyAlias=[127.0.0.1]:${sshd.port}`;
      expect((await ssh("odd one", strict, own, "whoami")).text).toBe(`${account.name}\n`);
      await does(walter, ["odd one", "-pd", "ip-address", "--yes"]);
      const host = ["-o", "HostName=127.0.0.1"];
      expect((await ssh("odd one", strict, ...host, "whoami")).text).toBe(`${account.name}\n`);
    });
  });

  describe("what else ssh asks", () => {
    test("for a jump host is the person's affair, and the jump host does not get the password", async () => {
      await know("[127.0.0.1]", "[db3]");
      const logged = attempts();
      const terminal = walter.terminal(words("db3", "-J", `${jumper.name}@127.0.0.1:${sshd.port}`, "whoami"));
      await terminal.waitFor(`${jumper.name}@127.0.0.1's password: `);
      expect(terminal.echoes).toBe(false);
      terminal.type(`${jumpSecret}\r`);
      await terminal.waitFor(`${account.name}\r\n`);
      expect((await terminal.exit).code).toBe(0);
      expect(logged()).toEqual([`Accepted ${jumper.name}`, `Accepted ${account.name}`]);
      expect(terminal.output).not.toContain(jumpSecret);
    });

    test("for a jump host ends all of it with Ctrl-C: nothing goes on asking", async () => {
      const logged = attempts();
      const terminal = walter.terminal(words("db3", "-J", `${jumper.name}@127.0.0.1:${sshd.port}`, "whoami"));
      await terminal.waitFor(`${jumper.name}@127.0.0.1's password: `);
      terminal.type("\x03");
      expect((await terminal.exit).code).toBe(130);
      expect(logged().filter((line) => !line.startsWith("Accepted"))).toEqual([]);
      expect(terminal.output).not.toContain("Permission denied");
    });

    test("for a jump host that asks in the machine's own words, too", async () => {
      await configure("Host hop", "HostName 127.0.0.1", `HostKeyAlias ${db3}`, `User ${account.name}`);
      const logged = attempts();
      const terminal = walter.terminal(words("db3", "-J", "hop", "whoami"));
      await answer(terminal, `${account.name}@${db3}'s password: `, "\x03");
      expect((await terminal.exit).code).toBe(130);
      expect(logged()).toEqual([]);
      await configure();
    });

    test("is the passphrase of a key, for example", async () => {
      const phrase = `phrase ${randomBytes(8).toString("hex")}`;
      await succeed(["ssh-keygen", "-q", "-t", "ed25519", "-N", phrase, "-f", inHome("locked")]);
      const key = await readFile(inHome("locked.pub"));
      await mkdir(join(account.home, ".ssh"), { recursive: true });
      await writeFile(join(account.home, ".ssh/authorized_keys"), key);
      const terminal = walter.terminal(words("db3", "-i", inHome("locked"), "whoami"));
      await terminal.waitFor(`Enter passphrase for key '${inHome("locked")}': `);
      expect(terminal.echoes).toBe(false);
      terminal.type(`${phrase}\r`);
      await terminal.waitFor(`${account.name}\r\n`);
      expect((await terminal.exit).code).toBe(0);
    });
  });

  describe("signals", () => {
    test("that end pstore end ssh, and the exit status says so", async () => {
      const open = new ReadableStream<Uint8Array>();
      const child = walter.start(words("db3", "echo ready; exec cat"), open);
      const reader = child.stdout.getReader();
      expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe("ready\n");
      child.kill("SIGTERM");
      expect(await child.exited).toBe(255);
    });

    test("from the terminal are the remote program's", async () => {
      const terminal = walter.terminal(
        words("db3", "-t", "trap 'echo caught; exit 4' INT; echo ready; read x"),
      );
      await answer(terminal, /^ready/m, "\x03");
      expect(await terminal.exit).toMatchObject({ code: 4, output: expect.stringContaining("caught") });
    });

    test("from the terminal are ssh's own affair where it has no terminal there, and pstore waits for it", async () => {
      const terminal = walter.terminal(words("db3", "echo ready; exec cat"));
      await answer(terminal, /^ready/m, "\x03");
      // As ssh ends when Ctrl-C breaks its connection off.
      expect(await terminal.exit).toMatchObject({ code: 255, signal: null });
    });

    test("of ssh's ~^Z give the terminal back to the shell, and fg goes on", async () => {
      const terminal = openTerminal(["bash", "--norc", "-i"], {
        env: { ...walter.env, PS1: "> " },
        cwd: walter.home,
      });
      await answer(terminal, "> ", `${pstore} ${words("db3").join(" ")}\r`);
      await answer(terminal, "$ ", "echo first\r");
      await answer(terminal, "first\r\n$ ", "\r~\x1a");
      await answer(terminal, /Stopped.*\r\n.*> /, "echo local; fg\r");
      await terminal.waitFor("local\r\n");
      await answer(terminal, "--ssh", "\recho second $((6 * 7))\r");
      await answer(terminal, "second 42\r\n", "exit\r");
      await answer(terminal, "> ", "exit\r");
      expect((await terminal.exit).code).toBe(0);
    });
  });

  describe("a sentence says why ssh is not run", () => {
    const refuses = async (machine: string, sentence: string, code: number, ...more: readonly string[]) => {
      const finished = await ssh(machine, ...more, "true");
      expect(finished).toMatchObject({ code, text: "", stderr: `error: ${sentence}\n` });
    };

    test("when the machine has no password that the user can read", async () => {
      await does(walter, ["-c", "none"], "x");
      await does(walter, ["none", "-pd", "password", "--yes"]);
      await refuses("none", "'none' has no password; store one with pstore -P none", 1);
      await does(walter, ["-c", "lines"], "x");
      await does(walter, ["lines", "-pe", "password"], "a\nb\n");
      await does(walter, ["lines", "-ps", "ssh-username"], account.name);
      await does(walter, ["lines", "-ps", "ip-address"], "127.0.0.1");
      await know("[lines]", "[db3]");
      await refuses(
        "lines",
        "the password of 'lines' is none that ssh can give: it must be one line of 1 to 1023 bytes; store another with pstore -P lines",
        1,
      );
      await refuses(
        "nowhere",
        "there is no machine 'nowhere', or you have no access to it; ask someone who has to allow you",
        1,
      );
    });

    test("when what the machine says cannot be meant", async () => {
      await does(walter, ["-c", "odd two"], "x");
      await refuses(
        "odd two",
        "'odd two' is no name of a host; store its address, as the property ip-address",
        1,
      );
      for (const [property, value, what] of [
        ["ip-address", "-oProxyCommand=touch x", "no address of a host"],
        ["ip-address", "10.0.0.1 # x", "no address of a host"],
        ["ssh-username", "$(touch x)", "no name of a user"],
        ["ssh-username", "-oProxyCommand=x", "no name of a user"],
      ] as const) {
        await does(walter, ["wrong", "-ps", property], value);
        await refuses(
          "wrong",
          `'${property}' of 'wrong' is ${what}; store the right one, or say it to ssh behind the machine`,
          1,
        );
        await does(walter, ["wrong", "-pd", property, "--yes"]);
      }
    });

    test("when what ssh is to be told is a secret, which is not even decrypted", async () => {
      for (const property of ["ip-address", "ssh-username"]) {
        await does(walter, ["wrong", "-pe", property], "Hidden_1");
        const before = await privateKeyOperations(walter.gnupg);
        await refuses(
          "wrong",
          `'${property}' of 'wrong' is encrypted, but everyone on this host can read what ssh is told; store it in clear with pstore wrong -ps ${property}, or say it to ssh behind the machine`,
          1,
        );
        expect((await privateKeyOperations(walter.gnupg)).decrypt).toBe(before.decrypt);
        // What the user says stands in its place.
        const { text } = await ssh("wrong", "-l", account.name, "-oHostName=127.0.0.8", "-G");
        expect(text).toContain(`user ${account.name}\nhostname 127.0.0.8\n`);
        await does(walter, ["wrong", "-pd", property, "--yes"]);
      }
    });

    test("when a value is too large to be meant, which is not even fetched", async () => {
      const large = new Uint8Array(3_000_000).fill(0x31);
      await does(walter, ["-c", "large"], "x");
      await walter.pstore(["large", "-ps", "ip-address"], { stdin: large });
      await refuses(
        "large",
        "'ip-address' of 'large' has 3000000 bytes, more than any address of a host; store the right one, or say it to ssh behind the machine",
        1,
      );
      await does(walter, ["large", "-ps", "ip-address"], "127.0.0.1");
      await does(walter, ["large", "-ps", "ssh-username"], account.name);
      await walter.pstore(["large", "-pe", "password"], { stdin: large });
      await know("[large]", "[db3]");
      const before = await privateKeyOperations(walter.gnupg);
      await refuses(
        "large",
        "the password of 'large' is none that ssh can give: it must be one line of 1 to 1023 bytes; store another with pstore -P large",
        1,
      );
      expect((await privateKeyOperations(walter.gnupg)).decrypt).toBe(before.decrypt);
      // Of the longest, the body still fits.
      await does(walter, ["large", "-pe", "password"], `${"x".repeat(1023)}\n`);
      const { code, stderr } = await ssh("large", "true");
      expect({ code, stderr }).toMatchObject({ code: 255, stderr: expect.stringContaining("does not take") });
    });

    test("when there is no ssh", async () => {
      await mkdir(inHome("bin"));
      await symlink(Bun.which("gpg") ?? "", inHome("bin/gpg"));
      expect(await walter.pstore(words("db3"), { env: { PATH: inHome("bin") } })).toMatchObject({
        code: 1,
        stderr: "error: there is no ssh here; install it (the package openssh-client)\n",
      });
    });

    test("when it is not OpenSSH's, and a warning when it is an old one", async () => {
      const withVersion = async (version: string) => {
        const real = Bun.which("ssh");
        const script = `#!/bin/sh\n[ "$1" = -V ] && { echo "${version}" >&2; exit; }\nexec ${real} "$@"\n`;
        await mkdir(inHome("old"), { recursive: true });
        await writeFile(inHome("old/ssh"), script, { mode: 0o755 });
        return walter.pstore(words("db3", "whoami"), {
          env: { PATH: `${inHome("old")}:${environment()["PATH"]}` },
        });
      };
      expect(await withVersion("OpenSSH_8.0p1, OpenSSL 1.1.1k")).toMatchObject({
        code: 0,
        text: `${account.name}\n`,
        stderr:
          "WARNING: this ssh asks for passwords itself where it has a terminal; install OpenSSH 8.4 or later\n",
      });
      expect(await withVersion("Dropbear v2022.83")).toMatchObject({
        code: 1,
        stderr: `error: ${inHome("old/ssh")} is not OpenSSH's; install that (the package openssh-client)\n`,
      });
    });

    test("is ssh's own when its words are wrong", async () => {
      expect(await ssh("db3", "-Z")).toMatchObject({
        code: 255,
        stderr: expect.stringContaining("unknown option -- Z"),
      });
      expect(await ssh("db3", "-V")).toMatchObject({ code: 0, stderr: expect.stringContaining("OpenSSH") });
    });
  });
});
