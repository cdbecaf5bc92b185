// Re-wrapping is what an attacker would like most: all that somebody can read, encrypted to one key more. The client takes no
// key for it that only the server speaks for, and hands on no key of another value.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Details, PublicKey, User as ServedUser, Users } from "@pstore/core/api/schemas";
import { openpgpFingerprint, readable } from "@pstore/core/fingerprint";
import { createHome, exportPublic, type GnupgHome, generateKey } from "../support/gnupg.ts";
import { type Attack, all, keyOf, onJson, Scene } from "../support/hostile.ts";
import { User } from "../support/team.ts";

let scene: Scene;
let home: GnupgHome;
/** The attacker, who has a key, but no account. */
let mallory: User;

beforeAll(async () => {
  scene = await Scene.make();
  home = await createHome();
  mallory = new User("mallory", home.path, home, [await generateKey(home, { userId: "mallory" })]);
});
afterAll(async () => {
  await home.dispose();
  await scene.dispose();
});

/** A user of their own for each test. */
let added = 0;
const add = () => scene.add(`user${++added}`);

async function served(user: User, change: Partial<PublicKey> = {}): Promise<PublicKey> {
  const publicKey = await exportPublic(user.gnupg, user.fingerprint);
  const base = { fingerprint: keyOf(user), publicKey, writeOnly: false, removed: false, description: "" };
  return { ...base, ...change };
}

/** Makes a further key for a user, and gives it to the store. */
async function addKey(user: User): Promise<string> {
  const { fingerprint } = await generateKey(user.gnupg, {
    userId: `${user.name} <${user.name}@example.com>`,
  });
  await scene.team.server.addKey(user.name, await exportPublic(user.gnupg, fingerprint));
  return fingerprint;
}

const alter = (name: string, change: (user: ServedUser) => void) => (users: readonly ServedUser[]) => {
  for (const user of users) if (user.name === name) change(user);
};

/** Gives other keys for a user where users are asked for. */
const amongUsers = (name: string, change: (user: ServedUser) => void): Attack =>
  onJson<Users>("/users", ({ users }) => alter(name, change)(users));

/** Gives other keys for a user where they come along with machines, as they do when something is changed. */
const withMachines = (name: string, change: (user: ServedUser) => void): Attack =>
  onJson<Details>("/details", ({ users }) => alter(name, change)(users));

const everywhere = (name: string, change: (user: ServedUser) => void): Attack =>
  all(amongUsers(name, change), withMachines(name, change));

/** Expects that a command ends with 1, says something, and that nothing is wrapped for the attacker, nor sent at all. */
async function comesToNothing(
  attack: Attack,
  user: User,
  args: readonly string[],
  says: string | RegExp,
): Promise<void> {
  const before = scene.server.commits.length;
  const { code, text, stderr } = await scene.under(attack, user, args);
  expect({ code, text }).toEqual({ code: 1, text: "" });
  if (typeof says === "string") expect(stderr).toContain(says);
  else expect(stderr).toMatch(says);
  expect(scene.server.commits.slice(before)).toEqual([]);
}

describe("a key that the server claims to be the user's own new one", () => {
  test("is refused when its private part is not here", async () => {
    const me = await add();
    await scene.machine(me);
    const evil = await served(mallory);
    for (const further of [
      (user: ServedUser) => user.keys.push(evil),
      (user: ServedUser) => user.keys.unshift(evil),
    ]) {
      const told = await scene.refuses(me, ["--rewrap", "--yes"], {
        attack: everywhere(me.name, further),
        says: /THE KEY OF \S+ HAS CHANGED/,
      });
      expect(told).toContain(
        `pinned ${readable(keyOf(me))}, but the server gives ${readable(keyOf(mallory))}`,
      );
    }
    // Instead of their own: it is not at the store any more then, and signs nothing.
    await comesToNothing(
      everywhere(me.name, (user) => {
        user.keys = [evil];
      }),
      me,
      ["--rewrap", "--yes"],
      "HAS CHANGED",
    );
    await scene.does(me, ["--rewrap", "--yes"]);
  });

  test("is refused too when it comes with the machines, after the question", async () => {
    const me = await add();
    await scene.machine(me);
    await scene.machine(me);
    const fresh = await addKey(me);
    const evil = await served(mallory);
    const attack = withMachines(me.name, (user) => {
      user.keys.push(evil);
    });
    await comesToNothing(attack, me, ["--rewrap", "--yes"], /left out: THE KEY OF \S+ HAS CHANGED/);
    const { stderr } = await scene.does(me, ["--rewrap", "--yes"]);
    expect(stderr).toContain("2 machines changed");
    expect(stderr).toContain(readable(openpgpFingerprint(fresh)));
  });

  test("is not taken because it is said to be write-only now", async () => {
    const me = await add();
    await scene.machine(me);
    await addKey(me);
    const attack = everywhere(me.name, (user) => {
      for (const key of user.keys) if (key.fingerprint === keyOf(me)) key.writeOnly = true;
    });
    await comesToNothing(attack, me, ["--rewrap", "--yes"], "HAS CHANGED");
  });
});

describe("a key that the server claims to be a colleague's new one", () => {
  test("is refused with both fingerprints, beside the old one and in its place", async () => {
    const [me, joe] = [await add(), await add()];
    await scene.machine(me, { with: [joe.name] });
    const evil = await served(mallory);
    for (const keys of [[evil], [await served(joe), evil]]) {
      const told = await scene.refuses(me, [`--rewrap=${joe.name}`, "--yes"], {
        attack: everywhere(joe.name, (user) => {
          user.keys = keys;
        }),
        says: /THE KEY OF \S+ HAS CHANGED/,
      });
      expect(told).toContain(
        `pinned ${readable(keyOf(joe))}, but the server gives ${readable(keyOf(mallory))}`,
      );
      expect(told).toContain(`--trust ${joe.name}`);
    }
  });

  test("is not the one that was trusted a moment ago", async () => {
    const [me, joe] = [await add(), await add()];
    const name = await scene.machine(me, { with: [joe.name] });
    await addKey(joe);
    const evil = await served(mallory);
    const instead = withMachines(joe.name, (user) => {
      user.keys = [evil];
    });
    const args = ["--trust", joe.name, `--rewrap=${joe.name}`, "--yes"];
    await comesToNothing(instead, me, args, /left out: THE KEY OF \S+ HAS CHANGED/);
    const beside = withMachines(joe.name, (user) => {
      user.keys.push(evil);
    });
    await comesToNothing(beside, me, [`--rewrap=${joe.name}`, "--yes"], /left out: THE KEY OF/);
    await scene.does(me, [`--rewrap=${joe.name}`, "--yes"]);
    expect((await scene.does(joe, [name])).text).toContain(Scene.secret);
  });

  test("is not another user's", async () => {
    const [me, joe, ada] = [await add(), await add(), await add()];
    await scene.machine(me, { with: [joe.name, ada.name] });
    const hers = await served(ada);
    const attack = everywhere(joe.name, (user) => {
      user.keys.push(hers);
    });
    await comesToNothing(attack, me, [`--rewrap=${joe.name}`, "--yes"], "HAS CHANGED");
  });
});

describe("a wrapped key that the server gives", () => {
  test("of another value is not handed on to the new key", async () => {
    const me = await add();
    const [first, second] = [await scene.machine(me), await scene.machine(me)];
    await addKey(me);
    const other = scene.wrapped(first, "password", me);
    const attack = onJson<Details>("/details", ({ objects }) => {
      for (const { revision, wrappedKeys } of objects)
        if (JSON.parse(revision.manifest).object.name === second)
          for (const one of wrappedKeys) one.wrapped = other;
    });
    await comesToNothing(
      attack,
      me,
      ["--rewrap", "--yes"],
      `is not the key of that value; nothing was decrypted, ask who runs the server (at '${second}')`,
    );
  });

  test("and withholds, is missed", async () => {
    const me = await add();
    await scene.machine(me);
    await addKey(me);
    const attack = onJson<Details>("/details", ({ objects }) => {
      for (const object of objects) object.wrappedKeys = [];
    });
    await comesToNothing(attack, me, ["--rewrap", "--yes"], "error: the server withholds your wrapped key");
  });
});

test("a machine that the server hides is not said to be done", async () => {
  const me = await add();
  const [shown, hidden] = [await scene.machine(me), await scene.machine(me)];
  await addKey(me);
  const attack = onJson<{ objects: { name: string }[] }>("/objects", (answer) => {
    answer.objects = answer.objects.filter(({ name }) => name !== hidden);
  });
  const { code, stderr } = await scene.under(attack, me, ["--rewrap", "--yes"]);
  expect(code).toBe(1);
  expect(stderr).toContain(
    `WARNING: '${hidden}' is left out: '${hidden}' is hidden by the server, no signed deletion`,
  );
  expect(stderr).toContain(`'${shown}', so far encrypted`);
});
