// Who may only read: what they see, what they may not do, and who keeps them from it.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { CommitRequest } from "@pstore/core/api/schemas";
import { apiPath } from "@pstore/core/api/schemas";
import { measure } from "@pstore/core/digest";
import type { Manifest, Member } from "@pstore/core/manifest";
import { following, memberOf, Scene, signedBy } from "./support/hostile.ts";
import { sessionToken } from "./support/session-token.ts";
import { does, type User } from "./support/team.ts";

let scene: Scene;
let walter: User;
let joe: User;
let ada: User;

beforeAll(async () => {
  scene = await Scene.make("walter", "joe", "ada");
  [walter, joe, ada] = scene.users("walter", "joe", "ada");
  await does(walter, ["-c", "box", "+joe:read", "+ada"], "secret\n");
  await does(walter, ["box", "-ps", "colour"], "red");
  // Nobody is asked about keys in what follows.
  for (const user of [joe, ada])
    await does(user, ["--trust", "walter", "--trust", user === joe ? "ada" : "joe", "--yes"]);
});
afterAll(() => scene.dispose());

/** The revision that a machine is at. */
function revisionOf(name: string): number {
  const [row] = scene.database<{ revision: number }>("SELECT revision FROM objects WHERE name = ?", name);
  return row?.revision ?? 0;
}

const mayOnlyRead = /^error: you may read, but not change, 'box'; ask a member who may\n$/;

/** The first column of a user's list, and who has access, by machine. */
async function listed(user: User): Promise<Record<string, string>> {
  const rows = (await does(user, [])).split("\n").slice(2, -1);
  return Object.fromEntries(rows.map((row) => [row.slice(2, 28).trim(), row[0] + row.slice(27)]));
}

describe("who may only read a machine", () => {
  test("sees all of it, and in the list that it is so", async () => {
    expect(await does(joe, ["box"])).toBe("colour = red\npassword = secret\n");
    expect(await does(joe, ["-pg", "box", "password"])).toBe("secret");
    expect(await listed(joe)).toEqual({ box: "- ada, joe:read, walter" });
    expect(await listed(walter)).toEqual({ box: "+ ada, joe:read, walter" });
    const [row] = JSON.parse(await does(joe, ["--json"])) as [{ access: string; members: object[] }];
    expect(row.access).toBe("read");
    expect(row.members).toContainEqual({ user: "joe", access: "read", pending: false });
  });

  test.each<[string[]]>(
    [
      ["box", "-ps", "colour"],
      ["box", "-ps", "fresh"],
      ["box", "-pe", "file"],
      ["-P", "box"],
      ["-P", "box", "--generate"],
      ["box", "+ada"],
      ["box", "+joe"],
      ["box", "+ada:read"],
      ["box", "^walter"],
      ["box", "^joe"],
      ["box", "-pd", "colour"],
      ["box", "--rename", "other"],
      ["box", "--restore", "1"],
      ["-D", "box"],
    ].map((args) => [args]),
  )("is refused to change it, before anything is asked or sent: %j", async (args) => {
    const before = scene.server.commits.length;
    const { code, text, stderr } = await joe.pstore([...args, "--yes"], { stdin: "x" });
    expect({ code, text }).toEqual({ code: 1, text: "" });
    expect(stderr).toMatch(mayOnlyRead);
    expect(scene.server.commits.slice(before)).toEqual([]);
    const { output } = await joe.terminal([...args, "--yes"]).exit;
    expect(output).toMatch(/^error: you may read, but not change, 'box'; ask a member who may\r\n$/);
  });

  test("is refused among many, all of them or none", async () => {
    await does(joe, ["-c", "box-of-joe"], "secret\n");
    const { code, stderr } = await joe.pstore(["--each", "box*", "+ada", "--yes"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/you may read, but not change, 'box'; nothing was changed/);
    expect((await ada.pstore(["box-of-joe", "password"])).code).toBe(1);
    await does(joe, ["-D", "box-of-joe", "--yes"]);
  });
});

describe("a doctored client of theirs is refused by the server", () => {
  const send = async (user: User, request: CommitRequest) => {
    const answer = await fetch(`${scene.team.server.url}${apiPath}/commits`, {
      method: "POST",
      headers: { authorization: `Bearer ${sessionToken(user)}`, "content-type": "application/json" },
      body: JSON.stringify(request),
    });
    return { status: answer.status, answer: (await answer.json()) as { code?: string; detail?: string } };
  };
  const joes = (access: "read" | "write") =>
    new Map<string, Member>([["joe", { ...(memberOf(joe).get("joe") as Member), access }]]);

  test.each<[what: string, change: (before: Manifest) => Partial<Manifest>, inline: string | null]>([
    [
      "a new value",
      ({ properties, revision }) => ({
        properties: new Map([
          ...properties,
          ["colour", { kind: "public", ...contentOf("blue"), revision: revision + 1 }],
        ]),
      }),
      "blue",
    ],
    ["a property deleted", ({ properties }) => ({ properties: new Map([...properties].slice(1)) }), null],
    [
      "write access for themself",
      ({ members }) => ({ members: new Map([...members, ...joes("write")]) }),
      null,
    ],
    [
      "a writer revoked",
      ({ members }) => ({ members: new Map([...members].filter(([user]) => user !== "ada")) }),
      null,
    ],
    [
      "themself revoked",
      ({ members }) => ({ members: new Map([...members].filter(([user]) => user !== "joe")) }),
      null,
    ],
    ["another name", ({ object }) => ({ object: { ...object, name: "taken" } }), null],
    ["a deletion", () => ({ deleted: true }), null],
    ["nothing at all", () => ({}), null],
  ])("%s", async (_what, change, inline) => {
    const number = revisionOf("box");
    const before = scene.manifest("box", number);
    const { manifest, commit, signature } = await signedBy(joe, following(before, joe, change(before)));
    const values =
      inline === null ? [] : [{ property: "colour", inline: Buffer.from(inline).toString("base64") }];
    const { status, answer } = await send(joe, {
      commit,
      signature,
      changes: [{ manifest, values, wrappedKeys: [] }],
    });
    expect({ status, code: answer.code }).toEqual({ status: 403, code: "forbidden" });
    expect(answer.detail).toBe("you may only read 'box'; ask one of its writers to make the change");
    expect(revisionOf("box")).toBe(number);
  });

  test("the same by a writer is taken: the test sends what it means to", async () => {
    const before = scene.manifest("box", revisionOf("box"));
    const { manifest, commit, signature } = await signedBy(ada, following(before, ada));
    const { status, answer } = await send(ada, {
      commit,
      signature,
      changes: [{ manifest, values: [], wrappedKeys: [] }],
    });
    expect({ status, answer }).toMatchObject({
      status: 200,
      answer: { revisions: [{ revision: before.revision + 1 }] },
    });
  });
});

function contentOf(text: string) {
  const { size, digest } = measure(Buffer.from(text));
  return { size, digest };
}

describe("access is given and taken", () => {
  test("+joe lets a reader write, +joe:read lets a writer only read", async () => {
    const keys = scene.manifest("box", revisionOf("box")).members.get("joe")?.keys;
    await does(walter, ["box", "+joe"]);
    expect((await listed(joe))["box"]).toBe("+ ada, joe, walter");
    await does(joe, ["box", "-ps", "by-joe"], "x");
    await does(walter, ["box", "+joe:read"]);
    expect((await listed(joe))["box"]).toBe("- ada, joe:read, walter");
    expect((await joe.pstore(["box", "-ps", "by-joe", "--yes"], { stdin: "y" })).stderr).toMatch(mayOnlyRead);
    expect(await does(joe, ["-pg", "box", "password"])).toBe("secret");
    expect(scene.manifest("box", revisionOf("box")).members.get("joe")).toEqual({
      access: "read",
      keys: keys ?? new Map(),
    });
  });

  test("to whom has it already is a warning", async () => {
    const { code, stderr } = await walter.pstore(["box", "+joe:read"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "WARNING: joe already has access to 'box'\n" });
  });

  test("with a new password in the same go", async () => {
    await does(walter, ["-P", "box", "+joe"], "changed\n");
    await does(walter, ["-P", "box", "+joe:read"], "changed again\n");
    expect(await does(joe, ["box", "password"])).toBe("changed again");
    expect((await joe.pstore(["box", "+joe"])).stderr).toMatch(mayOnlyRead);
  });

  test("by a writer to themself, who then may change nothing more; newcomers believe it", async () => {
    await does(walter, ["-c", "given", "+ada", "+joe:read"], "secret\n");
    await does(walter, ["given", "+walter:read"]);
    expect((await walter.pstore(["given", "+walter"])).stderr).toMatch(/you may read, but not change/);
    const newcomer = scene.newcomer(joe);
    const { code, text, stderr } = await joe.pstore(["-v", "given"], { env: newcomer });
    expect({ code, text }).toEqual({ code: 0, text: "password = secret\n" });
    expect(stderr).toContain("first sight of 'given': that revision 2 is the newest cannot be proven");
    // Also when the one before is of the same kind, and when the author has left altogether.
    await does(ada, ["given", "+joe", "--yes"]);
    await does(ada, ["given", "+ada:read"]);
    await does(joe, ["given", "+walter", "^joe"]);
    expect((await ada.pstore(["given", "password"], { env: scene.newcomer(ada) })).text).toBe("secret");
    expect(await does(walter, ["given", "password"])).toBe("secret");
  });
});
