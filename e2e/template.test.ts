// pstore --template: a file with values in it, complete or not at all.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pstore } from "./support/executables.ts";
import { privateKeyOperations } from "./support/gnupg.ts";
import { findSecret } from "./support/leaks.ts";
import { succeed } from "./support/process.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const since = new Date();
const secret = `s3cret ${randomBytes(12).toString("hex")} {{db4/x}}`;
const binary = Uint8Array.from({ length: 512 }, (_, at) => at % 256);

let team: Team;
let walter: User;

beforeAll(async () => {
  team = await createTeam({ users: [{ name: "walter", countOperations: true }] });
  walter = team.user("walter");
  await does(walter, ["-c", "db3"], secret);
  await does(walter, ["db3", "-ps", "ip-address"], "10.0.0.3");
  await does(walter, ["db3", "-pe", "line"], "with a line feed\n");
  await does(walter, ["-c", "db4"], "four");
  await does(walter, ["-c", "a/b c"], "five");
  expect((await walter.pstore(["a/b c", "-pe", "c/d"], { stdin: binary })).code).toBe(0);
}, 60_000);
afterAll(() => team.dispose());

/** Fills a template that is given on standard input. */
const fill = (template: string | Bytes, ...words: readonly string[]) =>
  walter.pstore(["--template", "-", ...words], { stdin: template });

const file = async (name: string, content: string | Uint8Array) => {
  await writeFile(join(walter.home, name), content);
  return name;
};

test("a file is printed with the values in their places", async () => {
  await file(
    "app.conf",
    `host = {{db3/ip-address}}\n\n# {"a": {}}\npassword = "{{ db3/PASSWORD }}"\n{{db4/password}}`,
  );
  expect(await walter.pstore(["--template", "app.conf"])).toMatchObject({
    code: 0,
    stderr: "",
    text: `host = 10.0.0.3\n\n# {"a": {}}\npassword = "${secret}"\nfour`,
  });
});

test("names that hold a slash stand in quotes, and so do the braces themselves", async () => {
  const { text, stderr } = await fill('{{"{{"}}db3{{"a/b c" "password"}}}} {{a/b c/password}}');
  expect({ text, stderr }).toEqual({
    text: "",
    stderr:
      "error: standard input:1: there is no machine 'a', or you have no access to it; ask someone who has to allow you\n",
  });
  expect((await fill('{{"{{"}}db3/{{"a/b c" "password"}}}}')).text).toBe("{{db3/five}}");
});

test("every byte stays as it is, of the file and of the values", async () => {
  const around = randomBytes(100_000).filter((byte) => byte !== 0x7b);
  const template = Buffer.concat([around, Buffer.from('{{"a/b c" "c/d"}}{{db3/line}}\r\n'), around]);
  const { stdout, code } = await fill(Uint8Array.from(template));
  expect(code).toBe(0);
  const wanted = Buffer.concat([around, binary, Buffer.from("with a line feed\n\r\n"), around]);
  expect(Buffer.from(stdout).equals(wanted)).toBe(true);
  expect((await fill("")).stdout).toHaveLength(0);
  expect((await fill("no placeholder\n", "--json")).text).toBe("no placeholder\n");
});

test("may come from a pipe that has a name", async () => {
  const { text } = await succeed(["bash", "-c", '"$0" --template <(printf "<{{db3/ip-address}}>")', pstore], {
    env: walter.env,
  });
  expect(text).toBe("<10.0.0.3>");
});

test("with -o, it is a file of mode 0600, complete or not there", async () => {
  expect(await fill("p={{db3/password}}", "-o", "out.conf")).toMatchObject({ code: 0, text: "", stderr: "" });
  expect(await readFile(join(walter.home, "out.conf"), "utf8")).toBe(`p=${secret}`);
  expect((await stat(join(walter.home, "out.conf"))).mode & 0o777).toBe(0o600);
  expect((await fill("p={{db3/nothing}}", "-o", "none.conf")).code).toBe(1);
  expect((await readdir(walter.home)).filter((name) => name.startsWith("none"))).toEqual([]);
  // Another fault leaves the one from before.
  expect((await fill("p={{db3/nothing}}", "-o", "out.conf")).code).toBe(1);
  expect(await readFile(join(walter.home, "out.conf"), "utf8")).toBe(`p=${secret}`);
});

test("each value is decrypted once, however often it stands there", async () => {
  await does(walter, ["db3"]);
  const before = await privateKeyOperations(walter.gnupg);
  const line = "{{db3/password}}{{db4/password}}{{db3/ip-address}}";
  expect((await fill(line.repeat(50))).text).toBe(`${secret}four10.0.0.3`.repeat(50));
  const after = await privateKeyOperations(walter.gnupg);
  expect(after.decrypt - before.decrypt).toBe(2);
});

test("on a terminal, what is stored cannot act upon it", async () => {
  await does(walter, ["db4", "-pe", "bell"], "\u001b[2J\u0007");
  await file("bell", "<{{db4/bell}}>");
  expect((await walter.terminal(["--template", "bell"]).exit).output).toBe("<\\u{1b}[2J\\u{7}>");
});

test("a large value passes through whole", async () => {
  const large = randomBytes(20_000_000);
  expect((await walter.pstore(["db4", "-pe", "large"], { stdin: large })).code).toBe(0);
  const { stdout } = await fill("<{{db4/large}}|{{db4/large}}>");
  const wanted = Buffer.concat(["<", large, "|", large, ">"].map((part) => Buffer.from(part)));
  expect(Buffer.from(stdout).equals(wanted)).toBe(true);
});

test("the secret is in no argument, environment, other file or log while it is read and written", async () => {
  // Nobody reads what is written, so that pstore stays there.
  const child = walter.start([
    "--template",
    await file("long.conf", `{{db3/password}}${"x".repeat(1_000_000)}`),
  ]);
  const reader = child.stdout.getReader();
  const first = Buffer.from((await reader.read()).value ?? []).toString();
  expect(first).toStartWith(secret);
  const found = await findSecret(secret, {
    folders: [walter.gnupg.path, team.server.folder, join(walter.home, ".local"), join(walter.home, "run")],
    shared: ["/var/tmp", "/dev/shm"],
    since,
    texts: { "the server's output": team.server.output },
  });
  expect(found).toEqual([]);
  child.kill();
  await child.exited;
});

describe("nothing is printed, and a sentence says where,", () => {
  test.each([
    [
      "x\ny {{db3}}",
      1,
      't:2: {{ opens no {{machine/property}} or {{"machine" "property"}} that }} closes on the same line; write {{"{{"}} for the braces themselves',
    ],
    [
      "{{db3/password}}\n{{db3/nothing}}",
      1,
      "t:2: 'db3' has no property 'nothing'; pstore -pl db3 lists those it has",
    ],
    [
      "{{db3/password}}\n\n{{db5/password}}",
      1,
      "t:3: there is no machine 'db5', or you have no access to it; ask someone who has to allow you",
    ],
    [
      "{{+db3/password}}",
      1,
      "t:1: the machine name '+db3' may not begin with '+'; choose another first character",
    ],
  ])("for %j", async (template, code, sentence) => {
    const { text, stderr, ...rest } = await walter.pstore(["--template", await file("t", template)]);
    expect({ code: rest.code, text, stderr }).toEqual({ code, text: "", stderr: `error: ${sentence}\n` });
  });

  test("when the file cannot be read", async () => {
    expect(await walter.pstore(["--template", "nowhere"])).toMatchObject({
      code: 1,
      stderr: "error: nowhere cannot be read (ENOENT); give --template a file, or - for standard input\n",
    });
    expect(await walter.pstore(["--template", "."])).toMatchObject({
      code: 1,
      stderr: "error: . cannot be read (EISDIR); give --template a file, or - for standard input\n",
    });
  });
});
