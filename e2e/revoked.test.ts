// What a user is told of machines that another took from them, and of what bears their names since.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { hide, onJson, onObject, Scene } from "./support/hostile.ts";
import type { User } from "./support/team.ts";

let scene: Scene;
let walter: User;
let joe: User;

beforeAll(async () => {
  scene = await Scene.make("walter", "joe");
  [walter, joe] = scene.users("walter", "joe");
}, 60_000);
afterAll(() => scene.dispose());

const read = (name: string) => ["-pg", name, "password"];

/** A machine of walter's that joe has read. */
async function known(): Promise<string> {
  const name = await scene.machine(walter, { with: ["joe"] });
  await scene.does(joe, read(name));
  return name;
}

test("who was revoked is told by whom, and by which revision", async () => {
  const name = await known();
  await scene.does(walter, ["-ps", name, "note"], "x");
  await scene.does(walter, [name, "^joe"]);
  // Of what happens there afterwards, joe is told nothing.
  await scene.does(walter, ["-ps", name, "note"], "y");
  const sentence = `error: you have no access to '${name}': its revision 3, by walter, is without you; ask a member to allow you again\n`;
  for (const args of [read(name), [name], [name, "-ps", "note"]]) {
    const { code, text, stderr } = await joe.pstore(args, { stdin: "z" });
    expect({ args, code, text, stderr }).toEqual({
      args,
      code: 1,
      text: "",
      stderr: expect.stringContaining(sentence),
    });
  }
  expect(scene.server.detail(name).revision.manifest).toContain('"revision":1');
});

test("a revocation is believed for its signature alone", async () => {
  const name = await known();
  await scene.does(walter, [name, "^joe"]);
  const attack = onJson<{ revisions: { signature: string }[] }>(/\/history$/, ({ revisions }) => {
    for (const revision of revisions) revision.signature = scene.revision(name, 1).signature;
  });
  await scene.refuses(joe, read(name), { attack, says: /signature of revision 2 .* is not by walter's key/ });
});

test("what bears the name of a machine that one was revoked from is taken for another, with one warning", async () => {
  const name = await known();
  await scene.does(walter, [name, "^joe"]);
  await scene.does(walter, ["-D", name, "--yes"]);
  await scene.does(walter, ["-c", name, "+joe"], "the password of another\n");

  const first = await scene.does(joe, read(name));
  expect(first.text).toBe("the password of another");
  expect(first.stderr).toContain(
    `WARNING: '${name}' is another machine than the one that you had access to before its revision 2, by walter, which is without you\n`,
  );
  for (const args of [read(name), [name, "-ps", "note", "--yes"], [name]]) {
    expect((await scene.does(joe, args, "x")).stderr).not.toContain("another machine");
  }
  // From now on it is this one that stands for the name.
  await scene.does(walter, [name, "^joe"]);
  const { stderr } = await joe.pstore(read(name));
  expect(stderr).toContain(`you have no access to '${name}': its revision 3, by walter, is without you`);
});

test("what is not to be shown does not make a machine lose its name", async () => {
  const name = await known();
  await scene.does(walter, [name, "^joe"]);
  await scene.does(walter, ["-D", name, "--yes"]);
  await scene.does(walter, ["-c", name, "+joe"], "another\n");
  // The revision that revoked joe is withheld: then nothing says that the name was free.
  await scene.refuses(joe, read(name), { attack: hide(/\/history$/), says: /without a signed deletion/ });
  // It is shown, but what stands there instead is not as it was signed.
  const other = scene.revision(await known(), 1);
  const bent = onObject((detail) => {
    detail.revision.signature = other.signature;
  });
  await scene.refuses(joe, read(name), {
    attack: bent,
    says: /signature of revision 1 .* is not by walter's key/,
  });
  expect((await scene.does(joe, read(name))).stderr).toContain("is another machine");
});

test("whoever is allowed again finds the same machine, and no warning", async () => {
  const name = await known();
  await scene.does(walter, [name, "^joe"]);
  expect((await joe.pstore(read(name))).stderr).toContain("is without you");
  await scene.does(walter, [name, "+joe"]);
  const { text, stderr } = await scene.does(joe, read(name));
  expect(text).toBe(`${Scene.secret} password of ${name}`);
  expect(stderr).not.toContain("another machine");
});
