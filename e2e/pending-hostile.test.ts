// What a hostile server can do with members who wait for a key: neither drop one in silence, nor have one let in with a
// key of its own, nor hide who waits by its marks.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Details, ObjectList, PublicKey, User as ServedUser, Users } from "@pstore/core/api/schemas";
import { openpgpFingerprint, readable } from "@pstore/core/fingerprint";
import { parseManifest } from "@pstore/core/manifest";
import { createHome, exportPublic, type GnupgHome, generateKey } from "./support/gnupg.ts";
import { type Attack, all, hide, onJson, onObject, Scene, the } from "./support/hostile.ts";
import { succeed } from "./support/process.ts";
import type { User } from "./support/team.ts";

let scene: Scene;
let walter: User;
let joe: User;
let home: GnupgHome;
/** A key of the attacker's. */
let mallory: PublicKey;

beforeAll(async () => {
  scene = await Scene.make("walter", "joe");
  [walter, joe] = scene.users("walter", "joe");
  home = await createHome();
  const { fingerprint } = await generateKey(home, { userId: "joe <joe@example.com>" });
  mallory = {
    fingerprint: `openpgp:${fingerprint}`,
    publicKey: await exportPublic(home, fingerprint),
    ...{ writeOnly: false, removed: false, description: "" },
  };
}, 60_000);
afterAll(async () => {
  await scene.dispose();
  await home.dispose();
});

/** Alters what the server says of a user, wherever it does. */
function usersOf(name: string, alter: (user: ServedUser) => void): Attack {
  const each = (users: ServedUser[]) => {
    for (const user of users) if (user.name === name) alter(user);
  };
  return all(
    onObject(({ users }) => each(users)),
    onJson<Details>("/details", ({ users }) => each(users)),
    onJson<Users>("/users", ({ users }) => each(users)),
  );
}

const withoutKeys = (user: ServedUser) => {
  user.keys = [];
};
const withOther = (user: ServedUser) => {
  user.keys = [mallory];
};

/** What walter's client believes of a user's keys. */
function pinnedOf(user: string): string[] {
  using state = new Database(join(walter.home, ".local/state/pstore/state.db"), { readonly: true });
  return state
    .query<{ fingerprint: string }, [string]>("SELECT fingerprint FROM pin WHERE user = ? ORDER BY 1")
    .all(user)
    .map(({ fingerprint }) => fingerprint);
}

/** A further key of a user, which their first one has signed. */
async function certified(user: User): Promise<PublicKey> {
  const { fingerprint } = await generateKey(user.gnupg, { userId: `${user.name} <x@example.com>` });
  const sign = ["gpg", "--batch", "--no-tty", "--local-user", user.fingerprint, "--quick-sign-key"];
  await succeed([...sign, fingerprint], { env: user.gnupg.env });
  return {
    fingerprint: `openpgp:${fingerprint}`,
    publicKey: await exportPublic(user.gnupg, fingerprint),
    ...{ writeOnly: false, removed: false, description: "" },
  };
}

/** A machine of which a user is a member who waits, made while the server says that there is no key. */
async function waitingOn(user: string): Promise<string> {
  const name = await scene.machine(walter);
  const { code } = await scene.under(usersOf(user, withoutKeys), walter, [name, `+${user}`, "--pending"]);
  expect(code).toBe(0);
  return name;
}

/** The members as the last commit that was sent signs them, and whether it lets the attacker's key read anything. */
function lastCommit() {
  const commit = the(scene.server.commits.at(-1));
  const { changes } = JSON.parse(commit) as { changes: { manifest: string }[] };
  return {
    members: changes.map(({ manifest }) => parseManifest(manifest).members),
    isForMallory: commit.includes(mallory.fingerprint),
  };
}

describe("a server that withholds the keys of a member", () => {
  test("stops every change, and nobody is dropped", async () => {
    const name = await scene.machine(walter, { with: ["joe"] });
    for (const args of [
      [name, "-pe", "file"],
      ["-P", name],
      [name, "--rename", `${name}.new`],
    ])
      await scene.refuses(walter, args, {
        attack: usersOf("joe", withoutKeys),
        says: /joe has no public key at the store.*\^joe.*--pending/,
        stdin: "x\n",
      });
    const before = scene.server.commits.length;
    const attack = usersOf("joe", withoutKeys);
    const { code, stderr } = await scene.under(attack, walter, ["--each", name, "+walter", "--yes"]);
    expect({ code, commits: scene.server.commits.slice(before) }).toEqual({ code: 1, commits: [] });
    expect(stderr).toContain("error: joe has no public key at the store");
  });

  test("has them wait only where the author says so, and is told it", async () => {
    const name = await scene.machine(walter, { with: ["joe"] });
    const { code, stderr } = await scene.under(
      usersOf("joe", withoutKeys),
      walter,
      [name, "-pe", "file", "--pending"],
      { stdin: "x" },
    );
    expect(code).toBe(0);
    expect(stderr).toContain(
      `NOTICE: joe, whose key was removed from the store, is a member of '${name}' and reads nothing`,
    );
    expect(the(lastCommit().members[0]?.get("joe"))).toEqual({ access: "write", keys: new Map() });
    await scene.does(walter, ["--pending", "--yes"]);
    expect((await scene.does(joe, ["-pg", name, "file"])).text).toBe("x");
  });
});

describe("a server that gives a key of its own for who waits", () => {
  test("is refused where another one is pinned, and the rest is done", async () => {
    await scene.machine(walter, { with: ["joe"] });
    const name = await waitingOn("joe");
    const ann = await scene.add("ann");
    await scene.under(usersOf("ann", withoutKeys), walter, [name, "+ann", "--pending"]);
    const { code, text, stderr } = await scene.under(usersOf("joe", withOther), walter, [
      "--pending",
      "--yes",
    ]);
    expect(code).toBe(1);
    expect(text).toMatch(/^joe .* a key that is not trusted$/m);
    expect(stderr).toContain("WARNING: THE KEY OF joe HAS CHANGED");
    const { members, isForMallory } = lastCommit();
    expect(isForMallory).toBe(false);
    expect(the(members[0]?.get("joe")).keys.size).toBe(0);
    expect((await scene.does(ann, ["-pg", name, "password"])).text).toContain(Scene.secret);
    await scene.refuses(walter, [name, "+joe"], {
      attack: usersOf("joe", withOther),
      says: /THE KEY OF joe HAS CHANGED/,
    });
    await scene.does(walter, ["--pending", "--yes"]);
  });

  test("is not let in beside the pinned one either", async () => {
    const name = await waitingOn("joe");
    const attack = usersOf("joe", (user) => {
      user.keys.push(mallory);
    });
    const before = scene.server.commits.length;
    const { code, stderr } = await scene.under(attack, walter, ["--pending", "--yes"]);
    expect({ code, commits: scene.server.commits.slice(before) }).toEqual({ code: 1, commits: [] });
    expect(stderr).toContain("WARNING: THE KEY OF joe HAS CHANGED");
    expect(name).not.toBe("");
    await scene.does(walter, ["--pending", "--yes"]);
  });

  test("is refused when it shows one key and gives another", async () => {
    const bob = await scene.add("bob");
    const name = await waitingOn("bob");
    const attack = onJson<Details>("/details", ({ users }) => {
      for (const user of users) if (user.name === "bob") withOther(user);
    });
    const before = scene.server.commits.length;
    const { code, text, stderr } = await scene.under(attack, walter, ["--pending", "--yes"]);
    expect({ code, commits: scene.server.commits.slice(before) }).toEqual({ code: 1, commits: [] });
    expect(text).toContain(bob.fingerprint.slice(0, 4));
    expect(stderr).toContain(`WARNING: '${name}' is left out: THE KEY OF bob HAS CHANGED`);
    await scene.does(walter, ["--pending", "--yes"]);
    expect((await scene.does(bob, ["-pg", name, "password"])).text).toContain(Scene.secret);
  });

  test("is shown with it in the question, where none is known", async () => {
    const cleo = await scene.add("cleo");
    const name = await waitingOn("cleo");
    const asked = await scene.under(usersOf("cleo", withOther), walter, ["--pending"]);
    expect(asked.code).toBe(1);
    expect(asked.stderr).toContain(mallory.fingerprint.slice(8, 12));
    expect(asked.stderr).toContain("answer it beforehand with --yes");
    // What was only shown is believed by nobody: once the server tells the truth, cleo is let in.
    expect(pinnedOf("cleo")).toEqual([]);
    await scene.does(walter, ["--pending", "--yes"]);
    expect((await scene.does(cleo, ["-pg", name, "password"])).text).toContain(Scene.secret);
  });

  test("is refused when it gives more, fewer or no keys than were shown", async () => {
    const dan = await scene.add({ name: "dan", makeKeys: [{}, {}] });
    const [first, second] = dan.keys.map(({ fingerprint }) => readable(openpgpFingerprint(fingerprint)));
    const name = await waitingOn("dan");
    const introduced = await certified(dan);
    const given = (alter: (user: ServedUser) => void) =>
      onJson<Details>("/details", ({ users }) => {
        for (const user of users) if (user.name === "dan") alter(user);
      });
    const others = "the server gives other keys of dan than those that were shown, now";
    for (const [alter, says] of [
      [(user: ServedUser) => user.keys.push(introduced), others],
      [(user: ServedUser) => user.keys.pop(), others],
      [withoutKeys, "dan has no public key at the store, so nothing can be encrypted for them; "],
    ] as const) {
      const before = scene.server.commits.length;
      const { code, text, stderr } = await scene.under(given(alter), walter, ["--pending", "--yes"]);
      expect({ code, commits: scene.server.commits.slice(before) }).toEqual({ code: 1, commits: [] });
      expect(text).toContain(`${first}\n`);
      expect(text).toContain(`${second}\n`);
      expect(stderr).toContain(`WARNING: '${name}' is left out: ${says}`);
      expect(stderr).not.toContain("was let in");
      // Just what was shown, also by the question's answer.
      expect(pinnedOf("dan")).toEqual(dan.keys.map((key) => `openpgp:${key.fingerprint}`).sort());
    }
    await scene.does(walter, ["--pending", "--yes"]);
    expect((await scene.does(dan, ["-pg", name, "password"])).text).toContain(Scene.secret);
  });

  test("nor hides who waits by knowing no such user", async () => {
    const name = await waitingOn("joe");
    const attack = onJson<Users>("/users", (answer) => {
      answer.users = answer.users.filter((user) => user.name !== "joe");
    });
    const { text } = await scene.under(attack, walter, ["--pending", "-v"]);
    expect(text).toMatch(/^joe +machine-.* unknown at the store$/m);
    expect(name).not.toBe("");
    await scene.does(walter, ["--pending", "--yes"]);
  });
});

describe("a server whose list lies about who waits", () => {
  const mark = (pending: boolean) =>
    onJson<ObjectList>("/objects", ({ objects }) => {
      for (const { members } of objects) for (const member of members) member.pending = pending;
    });

  test("hides nobody, and makes nobody wait", async () => {
    const name = await waitingOn("joe");
    const other = await scene.machine(walter, { with: ["joe"] });
    for (const pending of [false, true]) {
      const { text, code } = await scene.under(mark(pending), walter, ["--pending", "--json", "-v"]);
      const { waiting } = JSON.parse(text) as { waiting: { user: string; machines: string[] }[] };
      // Without a terminal, the question fails.
      expect(code).toBe(1);
      expect(waiting).toMatchObject([{ user: "joe", machines: [name] }]);
      expect(text).not.toContain(other);
    }
    await scene.does(walter, ["--pending", "--yes"]);
    const { text } = await scene.under(mark(true), walter, ["--pending"]);
    expect(text).toBe("");
  });

  test("cannot leave a machine out that is known here", async () => {
    const name = await waitingOn("joe");
    const attack = all(
      onJson<ObjectList>("/objects", (list) => {
        list.objects = list.objects.filter((row) => row.name !== name);
      }),
      hide(/^\/objects\/[^/]+\/history$/),
    );
    const { code, stderr } = await scene.under(attack, walter, ["--pending"]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      `WARNING: '${name}' is left out: '${name}' is hidden by the server, no signed deletion`,
    );
    await scene.does(walter, ["--pending", "--yes"]);
  });

  test("nor make the others wait by spoiling one machine", async () => {
    const [name, spoilt] = [await waitingOn("joe"), await waitingOn("joe")];
    const attack: Attack = (given, sent) => {
      if (!["/details", "/object"].includes(sent.endpoint) || given.status !== 200) return;
      const answer = JSON.parse(given.body.toString());
      for (const one of answer.objects ?? [answer])
        if (one.revision.manifest.includes(`"${spoilt}"`)) one.revision.manifest += " ";
      given.body = Buffer.from(JSON.stringify(answer));
    };
    const { code, stderr } = await scene.under(attack, walter, ["--pending", "--yes"]);
    expect(code).toBe(1);
    expect(stderr).toContain(`WARNING: '${spoilt}' is left out: `);
    expect((await scene.does(joe, ["-pg", name, "password"])).text).toContain(Scene.secret);
    await scene.does(walter, ["--pending", "--yes"]);
    expect((await scene.does(joe, ["-pg", spoilt, "password"])).text).toContain(Scene.secret);
  });
});

test("a wrapped key that the server makes up for who waits is not even looked at", async () => {
  const name = await waitingOn("joe");
  const wrapped = scene.wrapped(name, "password", walter);
  const attack = onObject((detail) => {
    detail.wrappedKeys = [{ property: "password", key: joe.key, wrapped }];
  });
  await scene.refuses(joe, ["-pg", name, "password"], {
    attack,
    says: new RegExp(`you are a member of '${name}', but nothing is encrypted to you yet: ask walter to run`),
  });
});

test("all of it leaves a store without faults", async () => {
  const { code, text } = await scene.team.server.command(["check"]);
  expect({ code, text }).toEqual({ code: 0, text: "" });
});
