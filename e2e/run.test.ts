// pstore --run: a command with the properties of machines as environment variables, and nothing of them elsewhere.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pstore } from "./support/executables.ts";
import { privateKeyOperations } from "./support/gnupg.ts";
import { findSecret } from "./support/leaks.ts";
import { run } from "./support/process.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";

const since = new Date();
const secret = `s3cret ${randomBytes(12).toString("hex")} $HOME`;
const key = "-----BEGIN KEY-----\npässwörd \u{1f511}\n-----END KEY-----\n";

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const latin1 = Uint8Array.of(0x70, 0xe4);

let team: Team;
let walter: User;

beforeAll(async () => {
  team = await createTeam({ users: [{ name: "walter", countOperations: true }] });
  walter = team.user("walter");
  await does(walter, ["-c", "db3"], secret);
  await does(walter, ["db3", "-ps", "ip-address"], "10.0.0.3");
  await does(walter, ["db3", "-pe", "ssl-cert.key"], key);
  await does(walter, ["-c", "db4.example.com"], "four");
  await does(walter, ["-c", "odd"], "odd");
  const odd = { "a.b": bytes("1"), "a-b": bytes("2"), zero: new Uint8Array(3), latin1 };
  for (const [name, value] of Object.entries(odd)) {
    expect((await walter.pstore(["odd", "-ps", name], { stdin: value })).code).toBe(0);
  }
  expect((await walter.pstore(["odd", "-pe", "disk"], { stdin: new Uint8Array(3_000_000) })).code).toBe(0);
  for (const name of ["x", "y"]) await does(walter, ["odd", "-ps", name], "x".repeat(120_000));
  await does(walter, ["-c", "taken"], "taken");
  await does(walter, ["taken", "-ps", "home"], "/root");
  await does(walter, ["-c", "evil"], "evil");
  await does(walter, ["evil", "-ps", "path"], "/evil");
}, 60_000);
afterAll(() => team.dispose());

const sh = (script: string) => ["--", "sh", "-c", script];

describe("a command", () => {
  test("has the properties as variables, byte for byte, and what was there before, and nothing else", async () => {
    const { stdout, stderr, code } = await walter.pstore(["--run", "db3", "--", "env", "-0"]);
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    const variables = new Map(
      Buffer.from(stdout)
        .toString()
        .split("\0")
        .slice(0, -1)
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
    const wanted = { ...walter.env, PATH: process.env["PATH"] ?? "" };
    const own = { PASSWORD: secret, IP_ADDRESS: "10.0.0.3", SSL_CERT_KEY: key };
    expect(Object.fromEntries(variables)).toEqual({ ...wanted, ...own });
  });

  test("of several machines takes --prefix, and --only what it names", async () => {
    const run = (...words: readonly string[]) =>
      walter.pstore(["--run", ...words, ...sh("env | grep -a _PASS")]);
    const both = await run("db3", "db4.example.com", "--prefix", "{machine}_", "--only=password");
    expect(both.text).toBe(`DB3_PASSWORD=${secret}\nDB4_EXAMPLE_COM_PASSWORD=four\n`);
    expect((await run("db4.example.com", "--prefix=app_")).text).toBe("app_PASSWORD=four\n");
    const only = await walter.pstore([
      "--run",
      "db3",
      "--only",
      "IP-Address",
      ...sh("echo $IP_ADDRESS$PASSWORD"),
    ]);
    expect(only.text).toBe("10.0.0.3\n");
  });

  test("reads and writes the standard streams itself, whatever they hold", async () => {
    const bytes = randomBytes(1_000_000);
    const { stdout, stderr, code } = await walter.pstore(
      ["--run", "db3", ...sh("cat; echo to stderr >&2; exit 7")],
      { stdin: bytes },
    );
    expect({ stderr, code }).toEqual({ stderr: "to stderr\n", code: 7 });
    expect(Buffer.from(stdout).equals(bytes)).toBe(true);
  });

  test("gets its arguments as they are, options and all", async () => {
    const words = ["-v", "--json", "", "a b", "+joe", "--", "$x"];
    const { text } = await walter.pstore(["--run", "db3", "--", "printf", "<%s>", ...words]);
    expect(text).toBe(words.map((word) => `<${word}>`).join(""));
  });

  test("takes the place of pstore: its process, its signals, no file that pstore had open", async () => {
    const child = walter.start([
      "--run",
      "db3",
      ...sh("grep ^SigIgn /proc/$$/status; ls /proc/self/fd; echo $$; exec tail -f /dev/null"),
    ]);
    const reader = child.stdout.getReader();
    let text = "";
    while (!text.includes(`${child.pid}\n`))
      text += Buffer.from((await reader.read()).value ?? []).toString();
    // 3 is the folder that ls reads.
    expect(text).toBe(`SigIgn:\t0000000000000000\n0\n1\n2\n3\n${child.pid}\n`);
    child.kill("SIGTERM");
    await child.exited;
    expect(child.signalCode).toBe("SIGTERM");
  });

  test("gets Ctrl-C at the terminal, and pstore's exit status is its own", async () => {
    const terminal = walter.terminal([
      "--run",
      "db3",
      ...sh("trap 'echo caught; exit 9' INT; echo ready; while :; do read x; done"),
    ]);
    await terminal.waitFor("ready");
    terminal.type("\x03");
    expect(await terminal.exit).toMatchObject({
      code: 9,
      signal: null,
      output: expect.stringContaining("caught"),
    });
  });

  test("costs one private-key operation for each encrypted value that it needs", async () => {
    await does(walter, ["db3"]);
    const operations = async (...words: readonly string[]) => {
      const before = await privateKeyOperations(walter.gnupg);
      expect((await walter.pstore(["--run", "db3", ...words, "--", "true"])).code).toBe(0);
      const after = await privateKeyOperations(walter.gnupg);
      return after.decrypt - before.decrypt + after.sign - before.sign;
    };
    expect(await operations()).toBe(2);
    expect(await operations("--only=password")).toBe(1);
    expect(await operations("--only=ip-address")).toBe(0);
  });
});

test("the secret is in the command's own environment, and in no argument, other environment, file or log", async () => {
  const waiting = walter.terminal(["--run", "db3", ...sh("echo ready; read x")]);
  await waiting.waitFor("ready");
  const found = await findSecret(secret, {
    folders: [walter.home, walter.gnupg.path, team.server.folder],
    since,
    texts: { "the server's output": team.server.output },
  });
  expect(found).toEqual([expect.stringMatching(/^\/proc\/\d+\/environ \(sh\)$/)]);
  waiting.type("\r");
  expect((await waiting.exit).output).not.toContain(secret);
});

describe("a command that cannot be run", () => {
  test.each([
    [
      "is not there",
      ["nowhere-to-be-found"],
      127,
      "there is no command 'nowhere-to-be-found'; check its name and PATH",
    ],
    [
      "is not there by its path",
      ["/nowhere/x"],
      127,
      "there is no command '/nowhere/x'; check its name and PATH",
    ],
    ["has no name", [""], 127, "there is no command ''; check its name and PATH"],
    [
      "is a folder",
      ["/usr"],
      126,
      "'/usr' was not run: it is no program that you may run; check its permissions",
    ],
    [
      "is no program",
      ["/etc/passwd"],
      126,
      "'/etc/passwd' was not run: it is no program that you may run; check its permissions",
    ],
  ] as const)("since it %s", async (_why, command, code, sentence) => {
    expect(await walter.pstore(["--run", "db3", "--", ...command])).toMatchObject({
      code,
      text: "",
      stderr: `error: ${sentence}\n`,
    });
  });

  test("since the one on PATH may not be executed; a script without #! is the shell's", async () => {
    const bin = join(walter.home, "bin");
    await mkdir(bin);
    await writeFile(join(bin, "tool"), 'echo "$0 $1 $IP_ADDRESS"\n');
    const tool = () =>
      walter.pstore(["--run", "db3", "--only=ip-address", "--", "tool", "one two"], {
        env: { PATH: `/nowhere::${bin}:${process.env["PATH"]}` },
      });
    expect(await tool()).toMatchObject({
      code: 126,
      stderr: "error: 'tool' was not run: it is no program that you may run; check its permissions\n",
    });
    await chmod(join(bin, "tool"), 0o755);
    expect(await tool()).toMatchObject({
      code: 0,
      text: `${join(bin, "tool")} one two 10.0.0.3\n`,
      stderr: "",
    });
  });

  test("with all that it is given", async () => {
    const words = Array.from({ length: 8 }, () => "x".repeat(110_000));
    // A quarter of the stack is what Linux has for arguments and variables.
    const limited = ["sh", "-c", 'ulimit -s 4096; exec "$@"', "sh"];
    const tried = await run(
      [...limited, pstore, "--run", "odd", "--only=x", "--only=y", "--", "true", ...words],
      {
        env: walter.env,
      },
    );
    expect(tried).toMatchObject({
      code: 126,
      stderr:
        "error: 'true' was not run: its arguments and variables are more than the system hands to a program; name fewer properties, with --only\n",
    });
  });
});

describe("nothing is run, and a sentence says why,", () => {
  const refuses = async (words: readonly string[], sentence: string, code = 1) => {
    const finished = await walter.pstore(["--run", ...words, ...sh("touch ran")]);
    expect(finished).toMatchObject({ code, text: "", stderr: `error: ${sentence}\n` });
    expect(await Bun.file(join(walter.home, "ran")).exists()).toBe(false);
  };

  test("when two properties would be one variable", async () => {
    await refuses(
      ["db3", "db4.example.com"],
      "'password' of 'db3' and 'password' of 'db4.example.com' would both be the variable PASSWORD; keep them apart with --prefix '{machine}_', or name the properties that you want with --only",
      2,
    );
    await refuses(
      ["odd"],
      "'a-b' of 'odd' and 'a.b' of 'odd' would both be the variable A_B; name the properties that you want with --only",
      2,
    );
  });

  test("when a machine's writer could take over who runs it", async () => {
    await refuses(
      ["evil"],
      "'path' of 'evil' would set PATH, which is set already; name the properties that you want with --only, or give a --prefix",
      2,
    );
    await refuses(
      ["evil", "--prefix=LD_LIBRARY_"],
      "'path' of 'evil' would set LD_LIBRARY_PATH, which can change how programs load or run; name the properties that you want with --only, or give a --prefix",
      2,
    );
    await refuses(
      ["taken"],
      "'home' of 'taken' would set HOME, which is set already; name the properties that you want with --only, or give a --prefix",
      2,
    );
    const named = await walter.pstore(["--run", "taken", "--only=home", ...sh("echo $HOME")]);
    expect(named.text).toBe("/root\n");
    // The command is looked up where the user looks, even so.
    expect((await walter.pstore(["--run", "evil", "--only=path", "--", "env"])).text).toContain(
      "PATH=/evil\n",
    );
  });

  test("when one would make a tool run what it holds, unless that one is named", async () => {
    await does(walter, ["-c", "sync"], "sync");
    await does(walter, ["sync", "-pe", "rsync-password"], "usual");
    const child = (...words: readonly string[]) => walter.pstore(["--run", "sync", ...words, "--", "env"]);
    expect((await child()).text).toContain("RSYNC_PASSWORD=usual\n");
    await does(walter, ["sync", "-ps", "rsync-connect-prog"], "touch ran");
    await refuses(
      ["sync"],
      "'rsync-connect-prog' of 'sync' would set RSYNC_CONNECT_PROG, which can change how programs load or run; name the properties that you want with --only, or give a --prefix",
      2,
    );
    expect((await child("--only=rsync-connect-prog")).text).toContain("RSYNC_CONNECT_PROG=touch ran\n");
  });

  test("when a value is none for a variable", async () => {
    const end = "name the properties that you want with --only";
    await refuses(["odd", "--only=zero"], `'zero' of 'odd' holds a zero byte, which ends a variable; ${end}`);
    await refuses(["odd", "--only=latin1"], `'latin1' of 'odd' is no UTF-8 text; ${end}`);
    // The size is that of the body: it was not decrypted, not even fetched.
    await refuses(
      ["odd", "--only=disk"],
      `'disk' of 'odd' has 3000149 bytes, more than a variable holds (131072 with its name); ${end}`,
    );
  });

  test("when what is named is not there, or the line is wrong", async () => {
    await refuses(
      ["db3", "--only=nothing"],
      "'db3' has no property 'nothing'; pstore -pl MACHINE lists those there are",
    );
    await refuses(
      ["db3", "odd", "--prefix={machine}", "--only=nothing"],
      "none of the machines has a property 'nothing'; pstore -pl MACHINE lists those there are",
    );
    await refuses(
      ["nowhere"],
      "there is no machine 'nowhere', or you have no access to it; ask someone who has to allow you",
    );
    await refuses(
      ["db3", "--prefix=a-"],
      "--prefix 'a-' makes 'a-IP_ADDRESS', which is no name of a variable; use letters, digits, _ and {machine}",
      2,
    );
    await refuses(
      ["db3", "-o", "file"],
      "what --run runs prints by itself; redirect it (>) instead of -o",
      2,
    );
    expect(await walter.pstore(["--run", "db3"])).toMatchObject({
      code: 2,
      stderr: "error: no command is named; give it behind --: pstore --run MACHINE… -- COMMAND\n",
    });
  });
});
