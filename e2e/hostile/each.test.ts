// What is changed on many machines at once is chosen by what their writers signed, not by the server's list.
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Details, ObjectList } from "@pstore/core/api/schemas";
import { onJson, Scene } from "../support/hostile.ts";
import type { User } from "../support/team.ts";

let scene: Scene;
let walter: User;
let joe: User;

beforeAll(async () => {
  scene = await Scene.make("walter", "joe");
  [walter, joe] = [scene.user("walter"), scene.user("joe")];
  await scene.does(walter, ["--trust", "joe", "--yes"]);
  await scene.does(joe, ["--trust", "walter", "--yes"]);
});
afterAll(() => scene.dispose());

const list = (alter: (answer: ObjectList) => unknown) => onJson<ObjectList>("/objects", alter);

test("a member that the list leaves out is shown, and revoked", async () => {
  const names = [
    await scene.machine(walter, { with: ["joe"] }),
    await scene.machine(walter, { with: ["joe"] }),
  ];
  const attack = list(({ objects }) => {
    const [row] = objects;
    if (row !== undefined) row.members = row.members.filter(({ user }) => user !== "joe");
  });
  const { code, stderr } = await scene.under(attack, walter, ["--each", "machine-*", "^joe", "--yes"]);
  expect(code).toBe(0);
  for (const name of names) {
    expect(stderr).toContain(`+ ${name.padEnd(25)} joe, walter\n`);
    expect((await joe.pstore([name])).code).toBe(1);
  }
});

test("a member that the list invents is not there", async () => {
  const name = await scene.machine(walter);
  const attack = list(({ objects }) => {
    for (const row of objects) row.members.push({ user: "joe", access: "write", pending: false });
  });
  const { code, stderr } = await scene.under(attack, walter, ["--each", name, "^joe", "--yes"]);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `error: joe has access to none that fits '${name}'; pstore lists all of yours\n`,
  });
});

test("a machine that the list leaves out, and that this client knows, is warned of", async () => {
  const name = await scene.machine(walter, { with: ["joe"] });
  const attack = list((answer) => {
    answer.objects = answer.objects.filter((row) => row.name !== name);
  });
  const { stderr } = await scene.under(attack, walter, ["--each", "machine-*", "^joe", "--yes"]);
  expect(stderr).toContain(`WARNING: '${name}' is hidden by the server, no signed deletion`);
});

test("a machine that is left out of an answer is asked for alone, with the users that the command names", async () => {
  const names = [await scene.machine(walter), await scene.machine(walter)];
  const attack = onJson<Details>("/details", (answer) => {
    answer.objects = answer.objects.filter(
      ({ revision }) => JSON.parse(revision.manifest).object.name !== names[1],
    );
    answer.users = answer.objects.length === 0 ? [] : answer.users;
  });
  const { code } = await scene.under(attack, walter, ["--each", "machine-*", "+joe", "--yes"]);
  expect(code).toBe(0);
  for (const name of names) expect((await scene.does(joe, [name])).text).toContain(Scene.secret);
});
