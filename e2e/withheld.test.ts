// What an admin withholds through the web admin, and what members' clients say of it, until it is shown again.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTeam, does, type Team, type User } from "./support/team.ts";
import { WebVisitor } from "./support/web-visitor.ts";

let team: Team;
let walter: User;
let joe: User;
let ann: User;
let admin: WebVisitor;

beforeAll(async () => {
  team = await createTeam({ users: ["walter", "joe", "ann"] });
  [walter, joe, ann] = [team.user("walter"), team.user("joe"), team.user("ann")];
  const file = join(team.server.folder, "password");
  await writeFile(file, "correct horse battery\n", { mode: 0o600 });
  const set = await team.server.command(["user", "password", "admin", "--password-file", file]);
  expect(set.code).toBe(0);
  admin = new WebVisitor(team.server);
  await admin.signIn("admin", "correct horse battery");
});
afterAll(() => team.dispose());

/** What somebody does with the page of a machine, as it is found in the list. */
async function administer(name: string, action: "withhold" | "stop-withholding", state = "living") {
  const list = await admin.get(`/objects?state=${state}&text=${name}`);
  const path = new RegExp(`<a href="(/objects/[0-9a-f-]{36})">${name}</a>`).exec(list.text)?.[1];
  if (path === undefined) throw new Error(`The list is without ${name}: ${list.text}`);
  const csrf = await admin.formToken(`${path}/${action}`);
  const { status, headers } = await admin.post(`${path}/${action}`, { csrf });
  expect([status, headers.get("location")?.startsWith(`${path}?done=`)]).toEqual([303, true]);
}

/** A machine of walter's and joe's, at its revision 3, that both clients know. */
async function machine(name: string): Promise<void> {
  await does(walter, ["-c", name, "+joe"], "first\n");
  await does(walter, [name, "-ps", "ip"], "192.0.2.7");
  await does(walter, ["-P", name], "second\n");
  await does(joe, [name, "password"]);
}

async function fails(user: User, args: readonly string[], stdin?: string): Promise<string> {
  const { code, text, stderr } = await user.pstore(args, stdin === undefined ? {} : { stdin });
  expect({ args, code, text }).toEqual({ args, code: 1, text: "" });
  return stderr;
}

/** What a user is told of an object that walter has written last. */
const hidden = (user: User, name: string, revision = 3) =>
  `'${name}' is hidden by the server, no signed deletion: this client has seen its revision ${revision}, and the server withholds it: an admin may have done that, or you may have lost access; ask ${user === walter ? "" : "walter or "}who runs the server`;

describe("a machine that is withheld", () => {
  beforeAll(async () => {
    await machine("web1");
    await machine("web2");
    await does(ann, ["-c", "anns"], "x\n");
    await administer("web1", "withhold");
  });

  test("is told to be withheld to who knows it, whatever they want of it", async () => {
    const asked = [
      ["web1"],
      ["web1", "password"],
      ["-pg", "web1", "ip"],
      ["-pl", "web1"],
      ["--history", "web1"],
      ["web1", "--restore", "1", "password", "--yes"],
      ["web1", "+ann", "--yes"],
      ["web1", "-D", "--yes"],
      ["web1", "--rename", "web3"],
    ];
    for (const user of [walter, joe]) {
      for (const args of asked) expect(await fails(user, args)).toContain(`error: ${hidden(user, "web1")}`);
    }
    expect(await fails(walter, ["-P", "web1"], "third\n")).toContain(hidden(walter, "web1"));
  });

  test("is missing in lists, with a warning", async () => {
    for (const user of [walter, joe]) {
      const { code, text, stderr } = await user.pstore([]);
      expect([code, text.includes("web2"), text.includes("web1")]).toEqual([0, true, false]);
      expect(stderr).toBe(`WARNING: ${hidden(user, "web1")}\n`);
    }
    const json = await walter.pstore(["--json"]);
    expect(JSON.parse(json.text).map((row: { name: string }) => row.name)).toEqual(["web2"]);
    const { text: found } = await walter.pstore(["-s", "ip=192"]);
    expect([found.includes("web2"), found.includes("web1")]).toEqual([true, false]);
    const each = await walter.pstore(["--each", "web*", "+ann", "--yes"]);
    expect(each.stderr).toContain(`WARNING: ${hidden(walter, "web1")}`);
    expect(await does(ann, ["web2", "ip"])).toBe("192.0.2.7");
  });

  test("is left out, by name, of what is done for a user", async () => {
    const { code, stderr } = await walter.pstore(["--offboard", "joe", "--yes"]);
    expect([code, stderr.includes(`WARNING: 'web1' is left out: ${hidden(walter, "web1")}`)]).toEqual([
      1,
      true,
    ]);
    await does(walter, ["web2", "+joe"]);
  });

  test("is nothing to who never knew it, and its name is taken for all", async () => {
    expect(await fails(ann, ["web1"])).toContain("no machine of yours is named 'web1'");
    expect((await ann.pstore([])).stderr).toBe("");
    expect(await fails(ann, ["-c", "web1"], "x\n")).toContain(
      "there is a machine 'web1' already; choose another name",
    );
    expect(await fails(ann, ["anns", "--rename", "web1"])).toContain(
      "there is a machine 'web1' already; choose another name",
    );
    const taken =
      "the name 'web1' is taken by a machine of yours that an admin withholds; choose another name, or ask who runs the server";
    const again = await fails(walter, ["-c", "web1"], "x\n");
    expect(again).toContain(`WARNING: ${hidden(walter, "web1")}`);
    expect(again).toContain(`error: ${taken}`);
    expect(await fails(walter, ["web2", "--rename", "web1"])).toContain(`error: ${taken}`);
    // What was refused is not sent again.
    expect((await walter.pstore(["web2", "ip"])).stderr).toBe("");
  });

  test("is nothing to a client that forgot it", async () => {
    await joe.forgetState();
    expect(await fails(joe, ["web1", "--yes"])).toContain("no machine of yours is named 'web1'");
    await does(joe, ["web2"]);
  });

  test("is as it was when it is shown again, and goes on", async () => {
    await administer("web1", "stop-withholding", "withheld");
    for (const user of [walter, joe]) {
      const { code, text, stderr } = await user.pstore(["web1", "password"]);
      expect({ code, text, stderr }).toEqual({ code: 0, text: "second", stderr: "" });
      expect((await user.pstore([])).stderr).toBe("");
    }
    expect(await does(walter, ["web1", "ip"])).toBe("192.0.2.7");
    await does(joe, ["-P", "web1", "--yes"], "third\n");
    expect(await does(walter, ["web1", "password"])).toBe("third");
    await does(walter, ["web1", "--restore", "1", "password", "--yes"]);
    expect(await does(joe, ["web1", "password"])).toBe("first");
    expect(await does(walter, ["--history", "web1"])).toContain("5");
  });
});

test("a deleted machine that is withheld cannot be brought back before it is shown again", async () => {
  await machine("gone");
  await does(walter, ["gone", "-D", "--yes"]);
  await administer("gone", "withhold", "deleted");
  for (const args of [
    ["--history", "gone"],
    ["gone", "--restore", "3"],
  ]) {
    expect(await fails(walter, args)).toContain(
      "'gone', which walter has deleted, is hidden by the server: an admin may have done that, or you may have lost access; ask who runs the server",
    );
  }
  await administer("gone", "stop-withholding", "withheld");
  await does(walter, ["gone", "--restore", "3"]);
  expect(await does(joe, ["gone", "password"])).toBe("second");
});
