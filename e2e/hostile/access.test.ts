// Who may only read, and is in league with the server (or has one that checks nothing), changes nothing for anybody else.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { History, Revision } from "@pstore/core/api/schemas";
import { digestOf, measure } from "@pstore/core/digest";
import { encodeManifest, type Manifest, type Member } from "@pstore/core/manifest";
import {
  type Attack,
  all,
  following,
  give,
  hide,
  onJson,
  onObject,
  Scene,
  signAs,
  signedBy,
} from "../support/hostile.ts";
import type { User } from "../support/team.ts";

let scene: Scene;
let walter: User;
/** Who may only read, and signs all the same. */
let joe: User;
let alex: User;

beforeAll(async () => {
  scene = await Scene.make("walter", "joe", "alex");
  [walter, joe, alex] = scene.users("walter", "joe", "alex");
  for (const [user, others] of [
    [walter, ["joe", "alex"]],
    [alex, ["joe", "walter"]],
  ] as const)
    await scene.does(user, [...others.flatMap((other) => ["--trust", other]), "--yes"]);
});
afterAll(() => scene.dispose());

/** A machine of walter's that joe may read and alex change, at revision 2. */
async function shared(): Promise<string> {
  const name = await scene.machine(walter, { with: ["joe:read", "alex"] });
  await scene.does(walter, [name, "-ps", "a"], "true");
  return name;
}

/** A revision by joe on top of the newest one. */
const joes = (name: string, change: Partial<Manifest> = {}) =>
  signedBy(joe, following(scene.manifest(name, 2), joe, change));

/** What joe could be after. */
const changes: readonly [what: string, change: (before: Manifest) => Partial<Manifest>][] = [
  ["another value", ({ properties }) => ({ properties: new Map([...properties, ["a", forged(3)]]) })],
  [
    "a property less",
    ({ properties }) => ({ properties: new Map([...properties].filter(([name]) => name !== "a")) }),
  ],
  ["another name", ({ object }) => ({ object: { ...object, name: `${object.name}.moved` } })],
  ["a deletion", () => ({ deleted: true })],
  ["a writer less", ({ members }) => ({ members: without(members, "walter") })],
  ["themself left", ({ members }) => ({ members: without(members, "joe") })],
  ["nothing", () => ({})],
];

const forgedValue = Buffer.from("forged");

function forged(revision: number) {
  const { size, digest } = measure(forgedValue);
  return { kind: "public" as const, size, digest, revision };
}

function without(members: Manifest["members"], name: string): Manifest["members"] {
  return new Map([...members].filter(([user]) => user !== name));
}

/** The value of `a` that the forged revision names. */
const giveForged = onObject((detail) => {
  detail.values = [{ property: "a", bytes: forgedValue.toString("base64") }];
});

const notEntitled = /revision 3 of '[^']+' was made by joe with a key that had no write access before/;

describe("a revision by who may only read", () => {
  test.each(changes)("is refused by those who knew the machine: %s", async (_what, change) => {
    const name = await shared();
    await scene.does(alex, [name, "-pl"]);
    const before = scene.manifest(name, 2);
    const attack = all(give(await joes(name, change(before))), giveForged);
    // What is not of the name asked for, or deleted, is refused as that already.
    const says = new RegExp(
      `${notEntitled.source}|where '[^']+' was asked for|as it was when joe deleted it`,
    );
    for (const user of [walter, alex]) {
      await scene.refuses(user, [name, "-pg", "a"], { attack, says });
      await scene.refuses(user, [name, "-ps", "b"], { attack, says, stdin: "x" });
    }
    // Neither is it believed as what has become of the machine.
    const gone = all(
      hide(/^\/object$/),
      onJson<History>(/\/history$/, () => ({ revisions: [attackRevision] })),
    );
    const attackRevision = await joes(name, change(before));
    await scene.refuses(walter, [name, "-pg", "a"], { attack: gone, says: notEntitled });
    expect((await scene.does(walter, [name, "a"])).text).toBe("true");
  });

  test("lets nobody become a writer, by one step or by two", async () => {
    const name = await shared();
    await scene.does(alex, [name, "-pl"]);
    const before = scene.manifest(name, 2);
    const asWriter = { ...(before.members.get("joe") as Member), access: "write" as const };
    const third = following(before, joe, { members: new Map([...before.members, ["joe", asWriter]]) });
    const fourth = following(third, joe, { properties: new Map([...third.properties, ["a", forged(4)]]) });
    const [first, second] = [await signedBy(joe, third), await signedBy(joe, fourth)];
    const twoSteps = all(
      give(second),
      giveForged,
      onJson<History>(/\/history$/, () => ({ revisions: [first] })),
    );
    for (const user of [walter, alex]) {
      await scene.refuses(user, [name, "-pg", "a"], { attack: give(first), says: notEntitled });
      await scene.refuses(user, [name, "-pg", "a"], { attack: twoSteps, says: notEntitled });
    }
  });
});

describe("at first sight, a revision by who may only read in it", () => {
  const seenFirst = async (attack: Attack, name: string, says: RegExp) => {
    for (const [args, stdin] of [
      [[name, "-pg", "a"], ""],
      [[name, "-ps", "b", "--yes"], "x"],
    ] as const)
      await scene.refuses(alex, args, { attack, says, stdin, env: scene.newcomer(alex) });
  };

  test.each(changes.filter(([what]) => !/name|deletion/.test(what)))(
    "is refused by the one before: %s",
    async (_what, change) => {
      const name = await shared();
      const revision = await joes(name, change(scene.manifest(name, 2)));
      await seenFirst(all(give(revision), giveForged), name, notEntitled);
    },
  );

  test("is refused when the one before is withheld, altered, or not signed by who could", async () => {
    const name = await shared();
    const before = scene.manifest(name, 2);
    const second = scene.revision(name, 2);
    const asWriter = { ...(before.members.get("joe") as Member), access: "write" as const };
    // As walter would have made it.
    const letsJoeIn = { ...before, members: new Map([...before.members, ["joe", asWriter] as const]) };
    const text = encodeManifest(letsJoeIn);
    const inWaltersName: Revision = {
      ...(await signedBy(joe, letsJoeIn)),
      signature: await signAs(joe, (await signedBy(joe, letsJoeIn)).commit),
    };
    const third = give(await joes(name));
    const onTop = give(await signedBy(joe, following(letsJoeIn, joe, { members: before.members })));
    const history = (...revisions: Revision[]) => onJson<History>(/\/history$/, () => ({ revisions }));
    const attacks: readonly [Attack, RegExp][] = [
      [all(third, hide(/\/history$/)), /there is no such thing/],
      [all(third, history()), /does not give the revisions of '[^']+' that say who its members are/],
      [all(third, history(second, second)), notEntitled],
      [all(third, history({ ...second, manifest: text })), /not in the commit that its author signed/],
      [all(third, history(inWaltersName)), /does not continue the revision before it|is not by walter's key/],
      [all(onTop, history(inWaltersName)), /signature of revision 2 of '[^']+' is not by walter's key/],
      [all(onTop, history(second)), /does not continue the revision before it/],
    ];
    for (const [attack, says] of attacks) await seenFirst(attack, name, says);
  });

  test("is believed where the one before lets them: who gave up writing, or left", async () => {
    const name = await shared();
    await scene.does(alex, [name, "+alex:read"]);
    await scene.does(walter, [name, "+joe"]);
    await scene.does(walter, [name, "^walter"]);
    const { text } = await alex.pstore([name, "a"], { env: scene.newcomer(alex) });
    expect(text).toBe("true");
    await scene.does(joe, [name, "a"]);
  });
});

describe("a server that checks nothing", () => {
  /** Puts a revision and its commit into the database as the server itself would. */
  function store(name: string, { manifest, commit, signature }: Revision): void {
    const database = new Database(scene.team.server.database, { strict: true });
    try {
      database.run("PRAGMA busy_timeout = 5000");
      const [object] = scene.database<{ id: string }>("SELECT id FROM objects WHERE name = ?", name);
      const made = digestOf(commit + signature);
      database.run(
        "INSERT INTO commits (digest, body, signature, author, author_key, received) VALUES (?, ?, ?, 'joe', ?, '')",
        [made, commit, signature, joe.fingerprint],
      );
      database.run(
        "INSERT INTO revisions (object_id, revision, manifest, digest, commit_digest, position, path) VALUES (?, 3, ?, ?, ?, 0, '')",
        [object?.id ?? "", manifest, digestOf(manifest), made],
      );
      database.run("UPDATE objects SET revision = 3 WHERE id = ?", [object?.id ?? ""]);
    } finally {
      database.close();
    }
  }

  test("and stores what joe signed: refused by walter, by alex, and by its own check", async () => {
    const name = await shared();
    store(name, await joes(name, { properties: new Map([["a", forged(3)]]) }));
    const attack = giveForged;
    await scene.refuses(walter, [name, "-pg", "a"], { attack, says: notEntitled });
    await scene.refuses(walter, [name, "+alex"], { attack, says: notEntitled });
    await scene.refuses(alex, [name, "-pg", "a"], { attack, says: notEntitled, env: scene.newcomer(alex) });
    const { code, text } = await scene.team.server.command(["check"]);
    expect(code).toBe(1);
    expect(text).toContain("was made by joe with a key that had no write access before");
  });
});
