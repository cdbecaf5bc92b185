// The usage session of the README that the project was founded on, at a real terminal and through pipes.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTeam, does, type Team, type User } from "./support/team.ts";
import { play } from "./support/transcript.ts";

let team: Team;
let walter: User;
let joe: User;

const done = { code: 0, stderr: "" };
const rule = "-".repeat(72);
const header = "  Machine                   User access";

beforeAll(async () => {
  team = await createTeam({ users: ["walter", "joe", { name: "alex", flags: ["--view-any"] }] });
  [walter, joe] = team.users("walter", "joe");
}, 60_000);
afterAll(() => team.dispose());

describe("the README's session", () => {
  const pinned = /^NOTICE: first sight of joe, whose key is now pinned: /gm;
  const known =
    /^NOTICE: first use of http:\/\/127\.0\.0\.1:\d+, which is now pinned as the store [0-9a-f-]{36}$/gm;

  test("shows at a terminal what the README shows", async () => {
    await does(walter, ["-c", "new.example.com", "+joe"], "new");
    await does(walter, ["-c", "walter.example.com"], "wAlTeR!");
    await does(walter, ["walter.example.com", "-ps", "ip-address"], "1.2.3.4");
    await walter.forgetState();
    await writeFile(join(walter.home, "ssl-cert.key"), "k".repeat(1300));

    const { text, stderr } = await play(walter, [
      { command: "pstore example" },
      { command: "pstore walter.example.com" },
      { command: "pstore -c walter2.example.com +joe", answers: ["abc", "abc"] },
      { command: "pstore example" },
      { command: "pstore walter2.example.com" },
      { command: "printf walter2 | pstore walter2.example.com -ps ssh-username" },
      { command: "cat ssl-cert.key | pstore walter2.example.com -pe ssl-cert.key" },
      { command: "pstore walter2.example.com" },
    ]);
    expect(text).toBe(`\
$ pstore example
  Machine                   User access
------------------------------------------------------------------------
+ new.example.com           joe, walter
+ walter.example.com        walter
$ pstore walter.example.com
ip-address = 1.2.3.4
password = wAlTeR!
$ pstore -c walter2.example.com +joe
Type new machine password: 
Type new machine password again: 
$ pstore example
  Machine                   User access
------------------------------------------------------------------------
+ new.example.com           joe, walter
+ walter.example.com        walter
+ walter2.example.com       joe, walter
$ pstore walter2.example.com
password = abc
$ printf walter2 | pstore walter2.example.com -ps ssh-username
$ cat ssl-cert.key | pstore walter2.example.com -pe ssl-cert.key
$ pstore walter2.example.com
ssh-username = walter2
ssl-cert.key = (1536 byte encrypted)
password = abc
`);
    expect(stderr.match(pinned)).toHaveLength(1);
    expect(stderr.match(known)).toHaveLength(1);
    expect(stderr.split("\n").filter((line) => line !== "")).toHaveLength(2);
  });

  test("prints the same through pipes, and nothing else", async () => {
    expect(await walter.pstore(["example"])).toMatchObject({
      ...done,
      text: `${header}\n${rule}
+ new.example.com           joe, walter
+ walter.example.com        walter
+ walter2.example.com       joe, walter
`,
    });
    expect(await walter.pstore(["walter.example.com"])).toMatchObject({
      ...done,
      text: "ip-address = 1.2.3.4\npassword = wAlTeR!\n",
    });
    const walter2 = "ssh-username = walter2\nssl-cert.key = (1536 byte encrypted)\npassword = abc\n";
    expect(await walter.pstore(["walter2.example.com"])).toMatchObject({ ...done, text: walter2 });
  });

  test("is shared with joe, who is told once whose key he now believes", async () => {
    const first = await joe.pstore(["walter2.example.com"]);
    expect(first.text).toEndWith("password = abc\n");
    expect(first.stderr).toMatch(
      /^NOTICE: first use of .*\nNOTICE: first sight of walter, whose key is now pinned: .*\n$/,
    );
    expect((await joe.pstore(["walter2.example.com"])).stderr).toBe("");
    expect(await does(joe, ["walter2.example.com", "-pg", "ssl-cert.key"])).toBe("k".repeat(1300));
    expect(await does(joe, [])).toBe(`${header}\n${rule}
+ new.example.com           joe, walter
+ walter2.example.com       joe, walter
`);
    expect((await joe.pstore(["walter.example.com"])).code).toBe(1);
  });
});

describe("a list", () => {
  const long = "layout-of-a-longer-name.example.com";
  const exact = "layout-25-characters-long";

  beforeAll(async () => {
    for (const name of [long, exact, "layout"]) await does(joe, ["-c", name, "+walter"], "x");
  });

  test("pads names to 25 characters, and puts one space behind longer ones", async () => {
    // Their exact name would be shown, so they are searched by a part of it.
    expect(await does(walter, ["layou"])).toBe(`${header}\n${rule}
+ layout                    joe, walter
+ layout-25-characters-long joe, walter
+ layout-of-a-longer-name.example.com joe, walter
`);
  });

  test("shows a privileged user what is not theirs, with a space in front, and only when asked", async () => {
    const alex = team.user("alex");
    await does(alex, ["-c", "layout-of-alex"], "x");
    const own = "+ layout-of-alex            alex\n";
    expect(await does(alex, ["layou"])).toBe(`${header}\n${rule}\n${own}`);
    const all = await does(alex, ["-a", "layou"]);
    expect(all).toContain(own);
    expect(all).toContain("\n  layout                    joe, walter\n");
  });

  test("of nothing is a sentence on stderr, and nothing on stdout", async () => {
    const { code, text, stderr } = await walter.pstore(["no-such-machine"]);
    expect({ code, text }).toEqual({ code: 1, text: "" });
    expect(stderr).toMatch(/^error: no machine of yours is named 'no-such-machine' .*\n$/);
  });

  test("of a user who has nothing has no rows", async () => {
    await using own = await createTeam({ users: ["empty"] });
    expect(await does(own.user("empty"), [])).toBe(`${header}\n${rule}\n`);
  });
});

describe("a show", () => {
  const show = async () => does(walter, ["shown"]);
  const set = (flag: "-ps" | "-pe", name: string, value: string) =>
    does(walter, ["shown", flag, name], value);

  test("sorts properties by name, and puts the password last", async () => {
    await does(walter, ["-c", "shown"], "secret");
    expect(await show()).toBe("password = secret\n");
    for (const name of ["zone", "a", "q-file"]) await set("-ps", name, name.toUpperCase());
    await set("-pe", "question", "?");
    expect(await show()).toBe(
      "a = A\nq-file = Q-FILE\nquestion = (256 byte encrypted)\nzone = ZONE\npassword = secret\n",
    );
  });

  test("lays out line feeds, and shows large and binary values as documents", async () => {
    await does(walter, ["-c", "laid-out"], "p");
    const values: [name: string, value: string | Uint8Array<ArrayBuffer>][] = [
      ["1-lines", "a\n\n b"],
      ["2-ended", "a\nb\n"],
      ["3-fits", "x".repeat(2048)],
      ["4-larger", "x".repeat(2049)],
      ["5-binary", Uint8Array.of(0xff, 0x00, 0x0a)],
      ["6-empty", ""],
    ];
    for (const [name, value] of values) {
      const { code } = await walter.pstore(["laid-out", "-ps", name], { stdin: value });
      expect(code).toBe(0);
    }
    const lines = ["1-lines = \\", " | a", " | ", " |  b", "2-ended = \\", " | a", " | b"];
    lines.push(`3-fits = ${"x".repeat(2048)}`, "4-larger = (2049 byte document)");
    lines.push("5-binary = (3 byte document)", "6-empty = ", "password = p");
    expect(await does(walter, ["laid-out"])).toBe(`${lines.join("\n")}\n`);
  });

  test("prints the password whole, however large, and however many lines it has", async () => {
    await does(walter, ["-c", "large"], "p");
    const value = `${"x".repeat(3_000_000)}\nend\n`;
    await does(walter, ["large", "-pe", "password"], value);
    expect(await does(walter, ["large"])).toBe(`password = \\\n | ${"x".repeat(3_000_000)}\n | end\n`);
    await walter.pstore(["large", "-pe", "password"], { stdin: Uint8Array.of(0xe4, 0xff) });
    expect(await does(walter, ["large"])).toBe("password = (2 byte document)\n");
  });

  test("conceals the password at a terminal, unless -v stands there", async () => {
    const hidden = await walter.terminal(["walter.example.com"]).exit;
    expect(hidden).toMatchObject({
      code: 0,
      output: "ip-address = 1.2.3.4\r\npassword = \u001b[30;40mwAlTeR!\u001b[0m\r\n",
    });
    const plain = await walter.terminal(["-v", "walter.example.com"]).exit;
    expect(plain.output).toContain("\npassword = wAlTeR!\r\n");
    expect(plain.output).not.toContain("\u001b");
  });

  test("gives a privileged user names and sizes of what is not theirs, and no value", async () => {
    const alex = team.user("alex");
    expect(await does(alex, ["-a", "walter.example.com"])).toBe(
      "ip-address = (7 byte document)\npassword = (256 byte encrypted)\n",
    );
    expect(await does(alex, ["-a", "walter.example.com", "-pl"])).toBe("ip-address\npassword\n");
    for (const args of [
      ["walter.example.com", "password"],
      ["-a", "walter.example.com", "password"],
    ]) {
      expect(await alex.pstore(args)).toMatchObject({ code: 1, text: "" });
    }
  });

  test("refuses -a to whoever is not privileged", async () => {
    for (const args of [["-a"], ["-a", "walter.example.com"], ["-a", "walter.example.com", "-pl"]]) {
      const { code, text, stderr } = await joe.pstore(args);
      expect({ code, text }).toEqual({ code: 1, text: "" });
      expect(stderr).toMatch(/^error: only a user with the right to view any machine .*\n$/);
    }
  });
});

describe("allowing and revoking", () => {
  const readable = async (user: User) => (await user.pstore(["door", "password"])).text === "key";

  test("lets the allowed read and write, and the revoked no more", async () => {
    await does(walter, ["-c", "door"], "key");
    expect(await readable(joe)).toBe(false);
    expect(await does(walter, ["door", "+joe"])).toBe("");
    expect(await readable(joe)).toBe(true);
    await does(joe, ["door", "-ps", "colour"], "red");
    expect(await does(walter, ["door", "^joe"])).toBe("");
    expect(await readable(joe)).toBe(false);
    for (const args of [["door"], ["door", "-pl"], ["door", "colour"]]) {
      expect(await joe.pstore(args)).toMatchObject({ code: 1, text: "" });
    }
    const written = await joe.pstore(["door", "-ps", "colour"], { stdin: "blue" });
    expect(written.code).toBe(1);
    expect(await does(walter, ["door", "colour"])).toBe("red");
  });

  test("both in one go, in any order of words", async () => {
    const alex = team.user("alex");
    await does(walter, ["+joe", "door"]);
    await does(walter, ["^joe", "--yes", "door", "+alex"]);
    expect([await readable(joe), await readable(alex)]).toEqual([false, true]);
    await does(walter, ["door", "^alex"]);
  });

  test("is a warning where access is there already, and an error where there is none to revoke", async () => {
    await does(walter, ["door", "+joe"]);
    const again = await walter.pstore(["door", "+joe"]);
    expect(again).toMatchObject({ code: 0, text: "" });
    expect(again.stderr).toBe("WARNING: joe already has access to 'door'\n");
    expect(await readable(joe)).toBe(true);

    for (const user of ["alex", "nobody"]) {
      const refused = await walter.pstore(["door", `^${user}`]);
      expect(refused).toMatchObject({ code: 1, text: "" });
      expect(refused.stderr).toBe(`error: ${user} has no access to 'door' that ^${user} could revoke\n`);
    }
    const half = await walter.pstore(["door", "^joe", "^alex"]);
    expect(half.code).toBe(1);
    expect(await readable(joe)).toBe(true);
    expect((await walter.pstore(["door", "+joe", "^joe"])).code).toBe(2);
  });

  test("of an unknown user is an error that names them", async () => {
    const { code, stderr } = await walter.pstore(["door", "+nobody"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: the store knows no user 'nobody'; .*\n$/);
  });

  test("leaves no machine without a member, but it may be given away", async () => {
    await does(walter, ["-c", "given"], "away");
    const { code, stderr } = await walter.pstore(["given", "^walter"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: 'given' would have no member left, .*\n$/);
    await does(walter, ["given", "^walter", "+joe"]);
    const { stderr: gone } = await walter.pstore(["given"]);
    expect(gone).toMatch(/^error: you have given up your access to 'given' yourself, with its revision 2; /);
    expect(await does(joe, ["given", "password"])).toBe("away");
  });

  test("goes together with a new password", async () => {
    await does(walter, ["-P", "door", "^joe"], "new key");
    expect(await does(walter, ["door", "password"])).toBe("new key");
    expect((await joe.pstore(["door", "password"])).code).toBe(1);
    await does(walter, ["-P", "door", "+joe"], "newer key");
    expect(await does(joe, ["door", "password"])).toBe("newer key");
  });
});

describe("what a client has to say", () => {
  test("about keys stands on stderr once a key, whatever the number of machines", async () => {
    await joe.forgetState();
    const said: string[] = [];
    for (const name of ["new.example.com", "walter2.example.com", "door"]) {
      said.push((await joe.pstore([name])).stderr);
    }
    expect(said.join("").match(/^NOTICE: first sight of walter/gm)).toHaveLength(1);
    expect(said.slice(1)).toEqual(["", ""]);
  });
});
