// What goes and comes back: deleted properties and machines, other names, earlier values.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createTeam, does, type Team, type User } from "./support/team.ts";

let team: Team;
let walter: User;
let joe: User;
let alex: User;

beforeAll(async () => {
  team = await createTeam({ users: ["walter", "joe", "alex"] });
  [walter, joe, alex] = team.users("walter", "joe", "alex");
});
afterAll(() => team.dispose());

/** A machine of walter's and joe's, with a password and two properties. */
async function machine(name: string): Promise<void> {
  await does(walter, ["-c", name, "+joe"], "first\n");
  await does(walter, [name, "-ps", "ip"], "1.2.3.4");
  await does(walter, [name, "-pe", "key"], "k3y");
}

/** How a command fails. */
async function fails(user: User, args: readonly string[], stdin?: string): Promise<string> {
  const { code, text, stderr } = await user.pstore(args, stdin === undefined ? {} : { stdin });
  expect({ code, text }).toEqual({ code: 1, text: "" });
  return stderr
    .split("\n")
    .filter((line) => !line.startsWith("NOTICE: first"))
    .join("\n");
}

describe("-pd", () => {
  test("asks at the terminal, and deletes the property alone", async () => {
    await machine("pd");
    const no = walter.terminal(["pd", "-pd", "key"]);
    await no.waitFor("Delete 'key' of the machine 'pd'? [y/N] ");
    no.type("\r");
    expect((await no.exit).output).toEndWith("error: nothing was deleted\r\n");
    const yes = walter.terminal(["-pd", "pd", "key"]);
    await yes.waitFor("[y/N] ");
    yes.type("yes\r");
    expect((await yes.exit).code).toBe(0);
    expect(await does(joe, ["pd"])).toBe("ip = 1.2.3.4\npassword = first\n");
  });

  test("asks nobody about what cannot be done", async () => {
    await does(walter, ["-c", "pd-read", "+joe:read"], "x\n");
    for (const args of [
      ["pd", "-pd", "nothing"],
      ["-D", "pd-nowhere"],
    ]) {
      const { code, output } = await walter.terminal(args).exit;
      expect({ code, asks: output.includes("[y/N]") }).toEqual({ code: 1, asks: false });
    }
    for (const args of [
      ["-D", "pd-read"],
      ["pd-read", "-pd", "password"],
    ]) {
      const { output } = await joe.terminal(args).exit;
      expect(output).toEndWith("error: you may read, but not change, 'pd-read'; ask a member who may\r\n");
    }
  });

  test("names the users who change in the same go", async () => {
    await does(walter, ["-c", "pd-both", "+joe"], "x\n");
    await does(walter, ["pd-both", "-ps", "note"], "x");
    const terminal = walter.terminal(["pd-both", "-pd", "note", "^joe"]);
    await terminal.waitFor("Delete 'note' of the machine 'pd-both' and ^joe? [y/N] ");
    terminal.type("y\r");
    expect((await terminal.exit).code).toBe(0);
    expect((await joe.pstore(["pd-both"])).code).toBe(1);
  });

  test("without a terminal needs --yes; what is not there is a sentence", async () => {
    expect(await fails(walter, ["pd", "-pd", "ip"])).toContain("answer it beforehand with --yes");
    await does(walter, ["pd", "-pd", "ip", "--yes"]);
    expect(await fails(walter, ["pd", "-pd", "ip", "--yes"])).toBe(
      "error: 'pd' has no property 'ip'; pstore -pl pd lists those it has\n",
    );
  });
});

describe("-D", () => {
  test("asks with what goes and for whom; the name is free then", async () => {
    await machine("gone");
    const terminal = walter.terminal(["-D", "gone"]);
    await terminal.waitFor("Delete the machine 'gone' with its 3 properties, for joe, walter? [y/N] ");
    terminal.type("y\r");
    expect((await terminal.exit).code).toBe(0);
    expect(await fails(joe, ["gone"])).toContain("no machine of yours is named 'gone'");
    expect(await fails(walter, ["gone"])).toBe(
      "error: walter has deleted the machine 'gone'; pstore gone --history lists the revisions that --restore can bring back\n",
    );
    const again = await walter.pstore(["-c", "gone"], { stdin: "new\n" });
    expect(again.code).toBe(0);
    expect(again.stderr).toBe("");
    expect(await does(walter, ["gone"])).toBe("password = new\n");
  });

  test("a member who knew the machine is told who deleted it, by signature", async () => {
    await machine("known");
    await does(joe, ["known"]);
    await does(walter, ["known", "-D", "--yes"]);
    expect(await fails(joe, ["known"])).toBe(
      "error: walter has deleted the machine 'known'; pstore known --history lists the revisions that --restore can bring back\n",
    );
  });

  test("is refused to who may only read, and without an answer", async () => {
    await does(walter, ["-c", "kept", "+joe:read"], "x\n");
    expect(await fails(joe, ["-D", "kept", "--yes"])).toBe(
      "error: you may read, but not change, 'kept'; ask a member who may\n",
    );
    expect(await fails(walter, ["-D", "kept"])).toContain("answer it beforehand with --yes");
    expect(await does(walter, ["kept"])).toBe("password = x\n");
  });
});

describe("--rename", () => {
  test("keeps values, members and history; the old name is explained, and free", async () => {
    await machine("old");
    await does(joe, ["old"]);
    await does(walter, ["old", "--rename", "new"]);
    expect(await does(joe, ["new"])).toBe("ip = 1.2.3.4\nkey = (256 byte encrypted)\npassword = first\n");
    expect(await fails(alex, ["old"])).toContain("no machine of yours is named 'old'");
    expect(await does(joe, ["--history", "new"])).toContain("renamed from 'old'");
    await does(walter, ["-c", "old", "+joe"], "another\n");
    expect(await does(joe, ["old"])).toBe("password = another\n");
  });

  test("to a name that is taken, or its own, changes nothing", async () => {
    expect(await fails(walter, ["old", "--rename", "new"])).toBe(
      "error: there is a machine 'new' already; choose another name\n",
    );
    expect(await fails(walter, ["old", "--rename=old"])).toBe(
      "error: the machine is called 'old' already; give another name\n",
    );
    expect((await walter.pstore(["old", "--rename", "-x"])).code).toBe(2);
  });

  test("goes together with who has access", async () => {
    await does(walter, ["old", "--rename", "newer", "+alex", "^joe"]);
    expect(await does(alex, ["newer"])).toBe("password = another\n");
  });
});

describe("--restore", () => {
  test("brings back an earlier value, which stays readable for all, and costs no new secret", async () => {
    await machine("back");
    await does(walter, ["-P", "back"], "second\n");
    await does(joe, ["back", "--restore", "1", "password", "--yes"]);
    expect(await does(walter, ["back"])).toContain("password = first\n");
    await does(walter, ["--restore", "4", "back", "password"]);
    expect(await does(joe, ["back"])).toContain("password = second\n");
    await does(walter, ["back", "-pd", "ip", "--yes"]);
    await does(joe, ["back", "--restore", "2", "ip", "--yes"]);
    expect(await does(walter, ["back", "ip"])).toBe("1.2.3.4");
  });

  test("all properties as they were, where none is named", async () => {
    await does(walter, ["back", "-ps", "later"], "x");
    expect(await fails(walter, ["back", "--restore", "3"])).toContain(
      "'back' had no 'later' at revision 3; restore it all the same?",
    );
    await does(walter, ["back", "--restore", "3", "--yes"]);
    expect(await does(joe, ["back"])).toBe("ip = 1.2.3.4\nkey = (256 byte encrypted)\npassword = first\n");
    expect(await does(joe, ["back", "key"])).toBe("k3y");
    expect(await fails(walter, ["back", "--restore", "3"])).toContain("nothing was changed");
  });

  test("lets a newcomer read the value that came back, but not bring back one from before", async () => {
    await does(walter, ["back", "+alex"]);
    expect(await fails(alex, ["back", "--restore", "4", "password", "--yes"])).toBe(
      "error: 'password' of 'back' was not encrypted to you then, and only who could read it can bring it back; ask joe or walter\n",
    );
    await does(joe, ["back", "--restore", "4", "password", "--yes"]);
    expect(await does(alex, ["back"])).toContain("password = second\n");
  });

  test("names whoever could read the value and has been revoked since", async () => {
    await does(walter, ["-P", "back", "^alex"], "third\n");
    const { code, stderr } = await walter.pstore(["back", "--restore", "4", "password"]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^WARNING: alex, .*could read this 'password'/m);
  });

  test("brings back a deleted machine, with its members and values", async () => {
    await machine("undead");
    await does(joe, ["undead", "-D", "--yes"]);
    expect(await does(walter, ["--history", "undead"])).toContain("deleted");
    const { code, stderr } = await walter.pstore(["undead", "--restore", "3"]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: "NOTICE: 'undead' is back, shared with joe, walter\n",
    });
    expect(await does(joe, ["undead"])).toBe("ip = 1.2.3.4\nkey = (256 byte encrypted)\npassword = first\n");
    expect(await does(joe, ["undead", "key"])).toBe("k3y");
  });

  test("a deleted machine whose name is taken stays where it is, and what is not there is a sentence", async () => {
    await machine("taken");
    await does(walter, ["taken", "-D", "--yes"]);
    await does(walter, ["-c", "taken"], "other\n");
    expect(await fails(walter, ["taken", "--restore", "2"])).toContain(
      "'taken' has no revision 2, its newest is 1",
    );
    expect(await fails(walter, ["taken", "--restore", "1", "nothing"])).toBe(
      "error: 'taken' had no 'nothing' at its revision 1; pstore taken --history nothing lists the revisions that it had\n",
    );
    expect(await fails(walter, ["never", "--restore", "1"])).toContain("there is no machine 'never'");
    expect(await fails(walter, ["taken", "--restore", "1", "password"])).toContain("nothing was changed");
    expect((await walter.pstore(["taken", "--restore", "zero"])).code).toBe(2);
  });

  test("leaves a store without faults", async () => {
    const { code, text } = await team.server.command(["check"]);
    expect({ code, text }).toEqual({ code: 0, text: "" });
  });
});

describe("^user", () => {
  test("says what stays known, unless it is changed in the same go", async () => {
    await machine("leaving");
    const { stderr } = await walter.pstore(["leaving", "^joe"]);
    expect(stderr).toBe(
      "NOTICE: joe still knows the present values of 'leaving' (key, password) until they are changed\n",
    );
    await does(walter, ["leaving", "+joe"]);
    const both = await walter.pstore(["-P", "leaving", "^joe"], { stdin: "next\n" });
    expect(both.stderr).toBe(
      "NOTICE: joe still knows the present values of 'leaving' (key) until they are changed\n",
    );
  });

  test("warns when nobody would be left who can write", async () => {
    await does(walter, ["-c", "orphan", "+joe:read"], "x\n");
    const { code, stderr } = await walter.pstore(["orphan", "^walter"]);
    expect(code).toBe(0);
    expect(stderr).toContain(
      "WARNING: nobody will be left who can change 'orphan', nor let anybody in or delete it, for ever; give it to a writer in the same command, with +USER\n",
    );
    expect(await does(joe, ["orphan"])).toBe("password = x\n");
    await does(walter, ["-c", "asked", "+joe:read"], "x\n");
    const terminal = walter.terminal(["asked", "+walter:read"]);
    await terminal.waitFor("Do it all the same? [y/N] ");
    terminal.type("n\r");
    expect((await terminal.exit).output).toEndWith("error: nothing was changed\r\n");
    await does(walter, ["asked", "-ps", "still"], "mine");
    const check = await team.server.command(["check"]);
    expect(check.text).toContain("orphan: nobody can write it");
  });
});

describe("-ps", () => {
  test("over an encrypted property asks first", async () => {
    await machine("bare");
    expect(await fails(walter, ["bare", "-ps", "key"], "k3y")).toContain("answer it beforehand with --yes");
    expect(await does(walter, ["bare", "-pl", "-v"])).toContain("key (256 byte encrypted)\n");
    await does(walter, ["bare", "-ps", "key", "--yes"], "k3y");
    expect(await does(walter, ["bare", "-pl", "-v"])).toContain("key (3 byte public)\n");
  });

  test("-v says of every write who will be able to read", async () => {
    const { stderr } = await walter.pstore(["bare", "-ps", "ip", "-v"], { stdin: "4.3.2.1" });
    expect(stderr).toContain("NOTICE: not encrypting the value\n");
    expect(stderr).toEndWith("'bare' can be read by joe, walter\n");
  });
});
