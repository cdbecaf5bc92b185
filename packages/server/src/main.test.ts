import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { GnupgHome } from "@pstore/core/openpgp/gnupg-for-tests";
import type { Io } from "./cli/io.ts";
import { main } from "./main.ts";

let folder: string;
let gpg: GnupgHome;

beforeAll(() => {
  folder = mkdtempSync("/tmp/p-");
  gpg = new GnupgHome();
});
afterAll(() => {
  gpg.close();
  rmSync(folder, { recursive: true, force: true });
});

const url = (name: string) => `sqlite:${join(folder, name, "store.db")}`;

async function run(
  argv: string[],
  options: { stdin?: Uint8Array; typed?: string[]; says?: boolean; database?: string } = {},
) {
  const typed = options.typed?.values();
  let stdout = "";
  let stderr = "";
  const io: Io = {
    env: { PSTORE_DATABASE: options.database ?? url("store") },
    isTerminal: false,
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    stderrSoon: async (text) => {
      stderr += text;
    },
    progress: () => {},
    stdin: async () => options.stdin ?? new Uint8Array(),
    async *stdinLines() {
      yield* Buffer.from(options.stdin ?? [])
        .toString()
        .split("\n");
    },
    askSecret: async (question) => {
      stderr += question;
      return typed?.next().value ?? null;
    },
    confirm: async (question) => {
      stderr += `${question}\n`;
      return options.says ?? null;
    },
    stopped: async () => {},
  };
  const code = await main(argv, io);
  return { code, stdout, stderr };
}

const store = (...argv: string[]) => run(argv);

test("help and version", async () => {
  expect(await store("--version")).toEqual({ code: 0, stdout: "pstore-server 3.0.0\n", stderr: "" });
  const { stdout } = await store("--help");
  for (const command of [
    "init",
    "serve",
    "user",
    "key",
    "check",
    "audit",
    "export",
    "backup",
    "restore",
    "migrate",
  ]) {
    expect(stdout).toContain(`  ${command} `);
    const help = await store(command, "--help");
    expect(help.code).toBe(0);
    expect(help.stdout).toStartWith(`usage: pstore-server ${command}`);
    expect(help.stdout).toContain("--database URL");
    expect(Math.max(...help.stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(130);
  }
});

test("wrong usage ends with 2 and one line", async () => {
  for (const argv of [
    [],
    ["x"],
    ["user"],
    ["user", "add"],
    ["key", "x"],
    ["serve", "--x"],
    ["init"],
    ["check", "x"],
    ["export", "x"],
    ["backup"],
    ["restore"],
    ["export", "--common-if-gte", "0"],
    ["audit", "x"],
    ["audit", "--limit", "-1"],
    ["audit", "--limit=10001"],
    ["audit", "--since", "yesterday"],
    ["audit", "--since=1h", "--until=2h"],
    ["audit", "-"],
    ["audit", "--from=1"],
    ["audit", "--verify", "x"],
    ["audit", "--verify", "--user=joe"],
    ["audit", "--verify", "--expect=1:abc"],
    ["audit", "--verify", `--from=0:${"a".repeat(64)}`],
    ["--database", "sqlite:/x", "user", "list"],
    ["help", "x"],
  ]) {
    const { code, stdout, stderr } = await store(...argv);
    expect([argv, code, stdout, stderr.split("\n").length]).toEqual([argv, 2, "", 2]);
    expect(stderr).toStartWith("pstore-server: ");
  }
});

const wrong: [argv: string[], sentence: string][] = [
  [["user", "list", "--x=s3cret"], "there is no option --x; usage: pstore-server user list [--json]"],
  [["user", "list", "--json=s3cret"], "--json takes no value; usage: pstore-server user list [--json]"],
  [["serve", "--listen"], "--listen needs a value; see 'pstore-server serve --help'"],
  [
    ["serve", "--listen", "--log-format=json"],
    "--listen needs a value; one that begins with - is written --listen=VALUE; see 'pstore-server serve --help'",
  ],
  [
    ["serve", "--keep-history", "-1"],
    "the number of days to keep history '-1' is no whole number from 0 to 36500",
  ],
  [["serve", "x"], "there is a word too many; see 'pstore-server serve --help'"],
  [["export", "-x"], "there is no option -x; usage: pstore-server export"],
  [["user", "show"], "something is missing; usage: pstore-server user show NAME [--json]"],
  [
    ["--database=sqlite:/x", "user", "list"],
    "options stand behind the command, and --database stands before it: pstore-server COMMAND --database; see",
  ],
  [["audit", "--action", "nosuch"], "there is no action 'nosuch'; there are add key, add user, allow, "],
];
for (const [argv, sentence] of wrong) {
  test(`${argv.join(" ")} is answered with one sentence of our own`, async () => {
    const { code, stdout, stderr } = await store(...argv);
    expect([code, stdout, stderr.split("\n").length]).toEqual([2, "", 2]);
    expect(stderr).toStartWith(`pstore-server: ${sentence}`);
    expect(stderr).not.toContain("s3cret");
  });
}

test("help of a command, in either order", async () => {
  const { code, stdout } = await store("help", "user");
  expect([code, stdout]).toEqual([0, (await store("user", "--help")).stdout]);
  expect((await store("help")).stdout).toEqual((await store("--help")).stdout);
});

test("init makes a private store, once, with an admin", async () => {
  const missing = await store("user", "list");
  expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining("there is no store at")]);
  const { code, stdout, stderr } = await store("init", "--admin", "root1", "--email", "r@example.com");
  expect(code).toBe(0);
  expect(stdout).toContain(`database  ${url("store")}\n`);
  expect(stdout).toMatch(/^store {5}[0-9a-f-]{36}$/m);
  expect(stdout).toContain("pstore-server key add root1 -");
  expect(stdout).toContain("--store-url=http://127.0.0.1:8000 --user=root1");
  expect(stderr).toContain(
    "there is no terminal to ask at, and so no web password: root1 signs in to the web admin by key (pstore --web)",
  );
  expect(statSync(join(folder, "store")).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, "store/store.db")).mode & 0o777).toBe(0o600);
  const again = await store("init", "--admin", "root1");
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("already")]);
  expect((await store("user", "show", "root1")).stdout).toContain("root1 (active, staff, superuser)");
});

test("a database that is there but cannot be reached is not called missing", async () => {
  const loop = join(folder, "loop.db");
  symlinkSync(loop, loop);
  const { code, stderr } = await run(["user", "list"], { database: `sqlite:${loop}` });
  expect([code, stderr]).toEqual([1, expect.stringContaining("cannot be used (ELOOP")]);
});

test("init asks for the password twice, and leaves nothing when that goes wrong", async () => {
  const database = url("asked");
  const long = "twelve chars";
  const init = (typed: string[]) => run(["init", "--admin", "a"], { typed, database });
  expect((await init([long, "something else"])).stderr).toContain("the two passwords differ");
  expect((await init([long, ""])).stderr).toContain("the two passwords differ");
  expect((await init(["eleven char"])).stderr).toContain(
    "a password has at least 12 characters, and this one has 11",
  );
  expect((await init([long, long])).code).toBe(0);
  expect((await run(["user", "password", "a"], { typed: [""], database })).stderr).toContain(
    "the password is empty",
  );
  const shown = await run(["user", "show", "a"], { database });
  expect(shown.stdout).toContain("web password yes");
  const file = join(folder, "password");
  writeFileSync(file, "short\n");
  const short = await run(["init", "--admin", "a", "--password-file", file], { database: url("short") });
  expect([short.code, short.stderr]).toEqual([1, expect.stringContaining("at least 12 characters")]);
  writeFileSync(file, "a long secret\n");
  expect((await run(["init", "--admin", "a", "--password-file", file], { database: url("file") })).code).toBe(
    0,
  );
  writeFileSync(file, "");
  const empty = await run(["init", "--admin", "a", "--password-file", file], { database: url("empty") });
  expect([empty.code, empty.stderr]).toEqual([1, expect.stringContaining("the password is empty")]);
  const broken = await run(["init", "--admin", "a", "--key", file], { database: url("bad") });
  expect([broken.code, broken.stderr]).toEqual([1, expect.stringContaining("this is no public key")]);
  expect((await run(["user", "list"], { database: url("bad") })).stderr).toContain("there is no store");
});

test("init takes an empty answer for no password, and says how to set one", async () => {
  const database = url("none");
  const { code, stderr } = await run(["init", "--admin", "a"], { typed: [""], database });
  expect([code, stderr]).toEqual([
    0,
    "Type new web password of a (12 characters or more; Enter for none): no web password: a signs in to the web admin by key (pstore --web), and by password once 'pstore-server user password a' sets one\n",
  ]);
  expect((await run(["user", "show", "a"], { database })).stdout).toContain("web password no");
  const typed = ["twelve chars", "twelve chars"];
  expect(await run(["user", "password", "a"], { typed, database })).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("set the web password of a, and ended their sessions in the web admin\n"),
  });
  const removed = await run(["user", "password", "a", "--remove-totp"], { database });
  expect([removed.code, removed.stderr]).toEqual([1, expect.stringContaining("a has no second factor")]);
  const sqlite = new Database(database.slice("sqlite:".length));
  sqlite.run("update users set totp_secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'");
  expect(await run(["user", "password", "a", "--remove-totp"], { database })).toMatchObject({
    code: 0,
    stderr: "removed the second factor of a, and ended their sessions in the web admin\n",
  });
  expect(sqlite.query("select totp_secret, password_hash is not null as kept from users").get()).toEqual({
    totp_secret: null,
    kept: 1,
  });
  sqlite.close();
});

test("the only admin is disabled only when that is meant", async () => {
  const disable = (...more: string[]) => store("user", "disable", "root1", ...more);
  expect(await disable()).toEqual({
    code: 1,
    stdout: "",
    stderr: `WARNING: root1 is the only admin
Disable root1, the only admin?
pstore-server: there is no terminal to ask 'Disable root1, the only admin?' at; answer it beforehand with --yes
`,
  });
  expect((await store("user", "show", "root1")).stdout).toContain("the store: no other admin\n");
  expect((await disable("--yes")).code).toBe(0);
  expect((await disable("--yes")).stderr).toBe("");
  expect((await store("user", "enable", "root1")).stderr).toBe("");
  await store("user", "add", "root2", "--superuser");
  expect(await disable()).toEqual({ code: 0, stdout: "", stderr: "" });
  expect((await store("user", "enable", "root1")).code).toBe(0);
  expect((await store("user", "disable", "root2")).code).toBe(0);
});

test("users: a removed one's name is never given again", async () => {
  expect((await store("user", "add", "joe", "--full-name", "Joe\u202e", "--view-any")).code).toBe(0);
  expect((await store("user", "add", "joe")).stderr).toContain("there is a user joe already");
  expect((await store("user", "list")).stdout).toMatch(/^joe +active +view-any +Joe\\u\{202e\}$/m);
  expect((await store("user", "disable", "joe")).code).toBe(0);
  expect((await store("user", "show", "joe")).stdout).toContain("joe (disabled");
  expect((await store("user", "enable", "joe")).code).toBe(0);
  const asked = await store("user", "remove", "joe");
  expect([asked.code, asked.stderr]).toEqual([1, expect.stringContaining("beforehand with --yes")]);
  const declined = await run(["user", "remove", "joe"], { says: false });
  expect([declined.code, declined.stderr]).toEqual([1, expect.stringContaining("nothing was changed")]);
  expect((await store("user", "show", "joe")).stdout).toContain("joe (active");
  expect((await run(["user", "remove", "joe"], { says: true })).code).toBe(0);
  expect((await store("user", "add", "joe")).stderr).toContain("is never given again");
  expect((await store("user", "enable", "joe")).stderr).toContain("was removed");
  expect((await store("user", "remove", "joe")).stderr).toBe("pstore-server: the user joe was removed\n");
  for (const name of ["", "-x", "a b", "a'; drop table users; --", "ü"]) {
    expect([name, (await store("user", "add", "--", name)).code]).toEqual([name, 1]);
  }
  const list = JSON.parse((await store("user", "list", "--json")).stdout);
  expect(list.users.find((one: { name: string }) => one.name === "joe").state).toBe("removed");
});

test("keys: what is said of one, and which ones are refused", async () => {
  await store("user", "add", "ann");
  await store("user", "add", "bob");
  const hex = gpg.generate("ann", "ed25519", "sign,cert", "never", [["cv25519", "encr", "30d"]]);
  const block = gpg.run(["--armor", "--export", hex]);
  const add = (user: string, stdin: Uint8Array, ...more: string[]) =>
    run(["key", "add", user, "-", ...more], { stdin });
  const added = await add("ann", block, "--description", "laptop");
  expect(added.code).toBe(0);
  expect(added.stdout).toContain("algorithm    ed25519\n");
  expect(added.stdout).toContain("user id      ann <ann@example.com>\n");
  expect(added.stdout).toMatch(/fingerprint {2}([0-9A-F]{4} ){5} ([0-9A-F]{4} ){4}[0-9A-F]{4}\n/);
  expect(added.stdout).toMatch(/expires {6}\d{4}-\d\d-\d\d \(in 30 days: have it extended/);
  expect(added.stdout).toContain("encrypts     with cv25519 ");
  expect((await add("ann", block)).stderr).toContain("registered already");
  expect((await add("bob", block)).stderr).toContain("is or was ann's, and a key has one user for ever");
  expect((await store("key", "add", "ann", "ssh-ed25519 AAAA")).stderr).toContain(
    "not the name of a file; give -",
  );
  expect((await add("nobody", block)).stderr).toContain("there is no user nobody");
  expect((await add("ann", block, "--write-only")).stderr).toContain("remove it first");

  const signOnly = gpg.generate("host", "ed25519", "sign,cert");
  const hostBlock = gpg.run(["--export", signOnly]);
  const refused = await add("bob", hostBlock);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("register it as write-only")]);
  expect((await add("bob", hostBlock, "--write-only")).stdout).toContain("encrypts     no: write-only");
  expect((await add("bob", gpg.run(["--armor", "--export-secret-keys", hex]))).stderr).toContain(
    "private key",
  );

  const keys = JSON.parse((await store("key", "list", "--json")).stdout).keys;
  expect(keys.map((key: { user: string; writeOnly: boolean }) => [key.user, key.writeOnly])).toEqual([
    ["ann", false],
    ["bob", true],
  ]);
  expect((await store("key", "list", "ann")).stdout).toContain("laptop");
  const grouped = hex.toLowerCase().replace(/.{4}/g, "$& ").trim();
  expect((await store("key", "remove", "0".repeat(40))).stderr).toContain("is registered; see 'key list'");
  expect((await store("key", "remove", "12")).stderr).toContain("no whole fingerprint");
  expect((await store("key", "remove", ...grouped.split(" "))).code).toBe(0);
  expect((await add("bob", block)).stderr).toContain("is or was ann's, and a key has one user for ever");
  expect((await add("ann", block)).code).toBe(0);
  expect((await store("key", "remove", `openpgp:${hex.toLowerCase()}`)).code).toBe(0);
});

/** Makes a key pair of OpenSSH. */
function sshKey(name: string, ...args: string[]) {
  const file = join(folder, name);
  execFileSync("ssh-keygen", ["-q", "-N", "", "-C", `${name}@example.com`, "-f", file, ...args]);
  const [bits, fingerprint = ""] = execFileSync("ssh-keygen", ["-l", "-f", `${file}.pub`], {
    encoding: "utf8",
  }).split(" ");
  return { file, bits, fingerprint, line: readFileSync(`${file}.pub`) };
}

test("keys of OpenSSH: what is said of one", async () => {
  await store("user", "add", "eve");
  const ed = sshKey("ed", "-t", "ed25519");
  const rsa = sshKey("rsa", "-t", "rsa", "-b", "2048");
  expect(await store("key", "add", "eve", `${ed.file}.pub`)).toEqual({
    code: 0,
    stdout: `user         eve
type         SSH
algorithm    ssh-ed25519, ${ed.bits} bits
fingerprint  ${ed.fingerprint}
comment      ed@example.com
expires      never
encrypts     with ed25519 ${ed.fingerprint}
`,
    stderr: "",
  });
  const added = await run(["key", "add", "eve", "-", "--write-only"], { stdin: rsa.line });
  expect(added.stdout).toContain("algorithm    ssh-rsa, 2048 bits\n");
  expect(added.stdout).toContain("encrypts     no: write-only");
  expect((await store("key", "add", "eve", `${ed.file}.pub`)).stderr).toContain("registered already");

  const list = (await store("key", "list", "eve")).stdout;
  expect(list).toMatch(/^User +Fingerprint +Type +Algorithm +Reads +Expires +Description$/m);
  const [first = "", second = ""] = list.split("\n").slice(1);
  expect(first.split(/ +/).slice(0, 6)).toEqual(["eve", ed.fingerprint, "SSH", "ed25519", "yes", "never"]);
  expect(second.split(/ +/).slice(0, 6)).toEqual(["eve", rsa.fingerprint, "SSH", "rsa2048", "no", "never"]);
  const { keys } = JSON.parse((await store("key", "list", "eve", "--json")).stdout);
  expect(keys[0]).toMatchObject({
    fingerprint: `ssh:${ed.fingerprint}`,
    type: "ssh",
    userIds: ["ed@example.com"],
    expires: null,
  });
  expect((await store("user", "show", "eve")).stdout).toContain(
    `key          ${rsa.fingerprint} (write-only)\n`,
  );
  expect((await store("check")).stdout).toBe("");

  const other = ed.fingerprint.replace(/[a-z]/, (letter) => letter.toUpperCase());
  expect((await store("key", "remove", other)).stderr).toContain(`no key ${other} is registered`);
  expect((await store("key", "remove", ed.fingerprint)).code).toBe(0);
  expect((await store("key", "remove", `ssh:${rsa.fingerprint}`)).code).toBe(0);
  expect(JSON.parse((await store("key", "list", "eve", "--json")).stdout).keys).toEqual([]);
  const log = JSON.parse(
    `[${(await store("audit", "--json", "--action", "remove key", "--limit", "2")).stdout.trim().replaceAll("\n", ",")}]`,
  );
  expect(log.map((row: { detail: string }) => row.detail)).toEqual([
    `ssh:${ed.fingerprint}`,
    `ssh:${rsa.fingerprint}`,
  ]);
});

test("keys of OpenSSH that cannot be used are refused with what to do, a private one without a word of it", async () => {
  await store("user", "add", "tim");
  const ecdsa = sshKey("ecdsa", "-t", "ecdsa");
  const small = sshKey("small", "-t", "rsa", "-b", "1024");
  const ed = sshKey("private", "-t", "ed25519");
  const pem = sshKey("pem", "-t", "rsa", "-b", "2048", "-m", "PEM");
  const fido = Buffer.concat([
    ...["sk-ssh-ed25519@openssh.com", "x".repeat(32), "ssh:"].flatMap((field) => [
      Buffer.from([0, 0, 0, field.length]),
      Buffer.from(field),
    ]),
  ]);
  const refusals: [what: Uint8Array | string, sentence: string][] = [
    [ecdsa.line, "ECDSA key, which can sign but not decrypt; make one with `ssh-keygen -t ed25519`"],
    [`sk-ssh-ed25519@openssh.com ${fido.toString("base64")}`, "FIDO token, which can sign but not decrypt"],
    [small.line, "RSA with 1024 bits, and 2048 is the least"],
    [readFileSync(ed.file), "it is a private key: never give it to anyone"],
    [readFileSync(pem.file), "it is a private key: never give it to anyone"],
    [Buffer.concat([ed.line, small.line]), "several lines"],
    [`from="10.0.0.1" ${ed.line}`, "as in authorized_keys"],
    [ed.line.subarray(0, 60), "damaged"],
  ];
  for (const [key, sentence] of refusals) {
    for (const more of [[], ["--write-only"]]) {
      const { code, stdout, stderr } = await run(["key", "add", "tim", "-", ...more], {
        stdin: Buffer.from(key),
      });
      expect([code, stdout, stderr]).toEqual([1, "", expect.stringContaining(sentence)]);
      expect(stderr).toMatch(/^pstore-server: tim's SSH key [^\n]*\n$/);
    }
  }
  const files = [ed.file, pem.file].map((file) => readFileSync(file, "utf8").split("\n"));
  const secrets = files.flatMap((lines) => lines.filter((line) => line.length > 40));
  const from = await store("key", "add", "tim", ed.file);
  const kept = readdirSync(join(folder, "store")).map((name) =>
    readFileSync(join(folder, "store", name), "latin1"),
  );
  expect(secrets.length).toBeGreaterThan(5);
  for (const secret of secrets) expect([from.stderr, ...kept].join("\n")).not.toContain(secret);
  expect(JSON.parse((await store("key", "list", "tim", "--json")).stdout).keys).toEqual([]);
});

test("init takes a key of OpenSSH for its admin", async () => {
  const { file, fingerprint } = sshKey("admin", "-t", "ed25519");
  const { code, stdout } = await run(["init", "--admin", "a", "--key", `${file}.pub`], {
    database: url("ssh"),
  });
  expect([code, stdout]).toEqual([0, expect.stringContaining(`fingerprint  ${fingerprint}\n`)]);
  const broken = await run(["init", "--admin", "a", "--key", file], { database: url("ssh2") });
  expect(broken.stderr).toContain("it is a private key");
  expect((await run(["user", "list"], { database: url("ssh2") })).stderr).toContain("there is no store");
});

test("check and migrate find nothing to do in a fresh store", async () => {
  expect(await store("check")).toMatchObject({ code: 0, stdout: "" });
  expect(JSON.parse((await store("check", "--json")).stdout)).toEqual({ faults: [] });
  expect((await store("migrate")).stdout).toContain("nothing to do");
});

/** What a server says that has nothing to say, when it stops. */
const onlyASeal = /^pstore-server: the audit log is sealed up to \d+:[0-9a-f]{64}\n$/;

test("serve says where it listens, and what nobody could use", async () => {
  const local = await store("serve", "--listen", "127.0.0.1:0");
  expect(local).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^listening on http:\/\/127\.0\.0\.1:[1-9]\d*\n$/),
    stderr: expect.stringMatching(onlyASeal),
  });
  expect((await store("serve", "--listen", "0.0.0.0:0")).stderr).toContain(
    "without --public-url nobody can sign in",
  );
  const named = await store("serve", "--listen", "0.0.0.0:0", "--public-url", "https://pstore.example.com");
  expect(named.stderr).toMatch(onlyASeal);
  const taken = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  const clash = await store("serve", "--listen", `127.0.0.1:${taken.port}`);
  await taken.stop(true);
  expect([clash.code, clash.stdout, clash.stderr]).toEqual([
    1,
    "",
    expect.stringContaining("another program listens"),
  ]);
  for (const wrong of [
    ["--listen", "x"],
    ["--public-url", "ftp://x"],
    ["--public-url", "https://:x@pstore.example.com"],
    ["--session-time", "0"],
    ["--keep-history", "-1"],
    ["--keep-history=36501"],
    ["--keep-history", "1.5"],
    ["--log-format", "xml"],
  ]) {
    expect((await store("serve", ...wrong)).code).toBe(2);
  }
});

test("who runs a command is in the log under the system's name of them, whatever the environment says", async () => {
  const bin = join(import.meta.dir, "bin.ts");
  const run = (...argv: string[]) =>
    execFileSync(process.execPath, [bin, ...argv], {
      env: { USER: "alice", LOGNAME: "alice", PSTORE_DATABASE: url("store") },
      encoding: "utf8",
      stdio: "pipe",
    });
  run("user", "add", "max");
  expect(JSON.parse(run("audit", "--json", "--limit=1")).user).toBe(
    `cli:${execFileSync("id", ["-un"], { encoding: "utf8" }).trim()}`,
  );
});

test("a file that is no store is left as it is", async () => {
  const text = join(folder, "text");
  writeFileSync(text, "hello\n");
  expect((await store("user", "list", "--database", `sqlite:${text}`)).stderr).toContain("cannot be used");
  expect(await Bun.file(text).text()).toBe("hello\n");
  expect((await store("user", "list", "--database", "postgres://x")).code).toBe(2);
});

test("of a log that no server has sealed yet, nothing is said to be as it was", async () => {
  const database = ["--database", url("unsealed")];
  expect((await store("init", "--admin", "root1", ...database)).code).toBe(0);
  const { code, stdout, stderr } = await store("audit", "--verify", ...database);
  expect([code, stdout]).toEqual([0, ""]);
  expect(stderr).toMatch(/^no row of the log is sealed yet, .*'pstore-server serve'.*\n$/);
});
