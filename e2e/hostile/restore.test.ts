// What a hostile server can do when something is brought back: it comes back as it was, or not at all.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { History, Kept, Revision } from "@pstore/core/api/schemas";
import { encodeManifest } from "@pstore/core/manifest";
import {
  type Attack,
  flippedBase64,
  following,
  give,
  giveObject,
  keyOf,
  memberOf,
  onJson,
  onObject,
  Scene,
  signedBy,
  the,
} from "../support/hostile.ts";
import type { User } from "../support/team.ts";

const { secret } = Scene;

let scene: Scene;
let walter: User;
let joe: User;
let ann: User;
/** A host that sets its password, with a write-only key. */
let host: User;

beforeAll(async () => {
  scene = await Scene.make("walter", "joe", "ann", { name: "host", keyFlags: ["--write-only"] });
  [walter, joe, ann, host] = scene.users("walter", "joe", "ann", "host");
  await scene.does(walter, ["--trust", "joe", "--trust", "ann", "--trust", "host", "--yes"]);
  await scene.does(joe, ["--trust", "walter", "--yes"]);
});
afterAll(() => scene.dispose());

/** A machine of walter's and joe's: `a` is set at revision 2, `b` at 3, `a` again at 4. */
async function machine(): Promise<string> {
  const name = await scene.machine(walter, {
    with: ["joe"],
    secrets: { a: `${secret} first`, b: `${secret} b` },
  });
  await scene.does(walter, [name, "-pe", "a"], `${secret} second`);
  await scene.does(joe, [name]);
  return name;
}

const history = (alter: (revisions: Revision[]) => unknown) =>
  onJson<History>(/\/history$/, (answer) => {
    answer.revisions = (alter(answer.revisions) as Revision[] | undefined) ?? answer.revisions;
  });

/** Alters what the server says that it keeps of one property. */
const kept = (alter: (kept: Kept["values"], isForOne: boolean) => unknown) =>
  onJson<Kept>(/\/kept$/, (answer, { query }) => {
    answer.values =
      (alter(answer.values, query.has("property")) as Kept["values"] | undefined) ?? answer.values;
  });

const restoreA = (name: string) => [name, "--restore", "2", "a"];

describe("a value comes back only with the key that its first manifest commits to", () => {
  /** Offers another wrapped key than that of the value that comes back. */
  const offering = (user: User, wrapped: string) =>
    kept((values) => {
      for (const value of values)
        if (value.property === "a" && value.revision === 2)
          value.wrappedKeys = [{ property: "a", key: keyOf(user), wrapped }];
    });
  const notCommitted = /the wrapped key that the server gave for '[^']+' is not the key of that value/;

  let name: string;
  beforeAll(async () => {
    name = await machine();
  });

  test("not with that of another property, of its later value, or of another machine", async () => {
    const other = await scene.machine(walter, { secrets: { a: `${secret} other` } });
    for (const wrapped of [
      scene.wrapped(name, "b", walter),
      scene.wrapped(name, "password", walter),
      scene.wrapped(name, "a", walter, 4),
      scene.wrapped(other, "a", walter, 2),
    ]) {
      const attack = offering(walter, wrapped);
      for (const args of [restoreA(name), [name, "--restore", "3"]])
        await scene.refuses(walter, args, { attack, says: notCommitted });
      // Neither in the same go as a newcomer, who would get it.
      await scene.refuses(walter, [...restoreA(name), "+ann"], { attack, says: notCommitted });
    }
    expect((await scene.does(walter, [name, "a"])).text).toBe(`${secret} second`);
  });

  test("not with what is no wrapped key of the user's", async () => {
    const own = scene.wrapped(name, "a", walter, 2);
    const says = /the server gave what cannot be used|gpg did not decrypt|is not encrypted to a private key/;
    for (const wrapped of [
      scene.wrapped(name, "a", joe, 2),
      flippedBase64(own),
      flippedBase64(own, 3),
      Buffer.concat([Buffer.from(own, "base64"), Buffer.from(own, "base64")]).toString("base64"),
      Buffer.from("junk").toString("base64"),
    ])
      await scene.refuses(walter, restoreA(name), { attack: offering(walter, wrapped), says });
    await scene.refuses(walter, restoreA(name), {
      attack: kept((values) => {
        for (const value of values) value.wrappedKeys = [];
      }),
      says: /was not encrypted to you then/,
    });
  });

  test("and honestly, it does", async () => {
    await scene.does(walter, [...restoreA(name), "+ann"]);
    expect((await scene.does(ann, [name, "a", "--yes"])).text).toBe(`${secret} first`);
  });
});

describe("what came back is what it was", () => {
  test("not what stood before the restore: neither the value, nor its key, nor the revision", async () => {
    const name = await machine();
    await scene.does(joe, [name]);
    const before = scene.server.detail(name);
    await scene.does(walter, restoreA(name));
    const notSigned = /the bytes that the server gave for 'a' of '[^']+' are not those that were signed/;
    const old = { bytes: scene.stored(name, "a", 4), key: scene.wrapped(name, "a", joe, 4) };
    const attacks: readonly [Attack, RegExp][] = [
      [giveObject(before), /gave revision 4 of '[^']+', but this client has already seen revision 5/],
      [
        onObject((detail) => {
          detail.values = [{ property: "a", bytes: old.bytes.toString("base64") }];
        }),
        notSigned,
      ],
      [
        onObject((detail) => {
          detail.wrappedKeys = [{ property: "a", key: keyOf(joe), wrapped: old.key }];
        }),
        /the wrapped key that the server gave for 'a' is not the key of that value/,
      ],
      [
        onObject((detail) => {
          detail.values = [{ property: "a", bytes: old.bytes.toString("base64") }];
          detail.wrappedKeys = [{ property: "a", key: keyOf(joe), wrapped: old.key }];
        }),
        /./,
      ],
    ];
    expect((await scene.does(joe, [name, "a"])).text).toBe(`${secret} first`);
    for (const [attack, says] of attacks) await scene.refuses(joe, [name, "a"], { attack, says });
  });

  test("not another past: it must lead to the newest revision", async () => {
    const name = await machine();
    const second = scene.manifest(name, 2);
    const [a, b] = ["a", "b"].map((property) => the(scene.manifest(name, 3).properties.get(property)));
    const properties = new Map([...second.properties, ["a", { ...the(a), digest: the(b).digest }] as const]);
    const byJoe = await signedBy(joe, following(scene.manifest(name, 1), joe, { properties }));
    const says = /the history that the server gives of '[^']+' does not lead to its newest revision/;
    for (const attack of [
      history(([first, ...rest]) => [
        { ...the(first), manifest: encodeManifest({ ...second, time: "2026-01-01T00:00:00Z" }) },
        ...rest,
      ]),
      history(([, ...rest]) => [byJoe, ...rest]),
      history((revisions) => revisions.slice(1)),
      history((revisions) => revisions.toReversed()),
      history(() => []),
    ])
      for (const args of [restoreA(name), [name, "--restore", "2"]])
        await scene.refuses(walter, args, { attack, says });
  });

  test("what the server says that it no longer has is told, and nothing of the machine is dropped for it", async () => {
    const name = await machine();
    const attack = kept((values) => values.filter(({ property }) => property !== "a"));
    await scene.refuses(walter, restoreA(name), {
      attack,
      says: /the server no longer keeps 'a' of '[^']+' from revision 2/,
    });
    // All of them, or none: what is gone must not be dropped by a signature on the server's word.
    await scene.refuses(walter, [name, "--restore", "3", "--yes"], {
      attack,
      says: /the server no longer keeps 'a' of '[^']+' as of revision 3; nothing was restored/,
    });
    // What it had all the same comes back with the next.
    await scene.does(walter, restoreA(name));
    expect((await scene.does(joe, [name, "a"])).text).toBe(`${secret} first`);
  });
});

describe("a deleted machine", () => {
  test("comes back for its own members only", async () => {
    const name = await machine();
    await scene.does(walter, ["-D", name, "--yes"]);
    const deleted = scene.manifest(name, 5);
    const withAnn = encodeManifest({ ...deleted, members: new Map([...deleted.members, ...memberOf(ann)]) });
    await scene.refuses(walter, [name, "--restore", "4"], {
      attack: onObject((detail) => {
        detail.revision.manifest = withAnn;
      }),
      says: /differs from the one this client has seen|not in the commit that its author signed/,
    });
    await scene.does(walter, [name, "--restore", "4"]);
    expect(scene.wrapsFor(the(scene.server.commits.at(-1)), ann)).toBe(false);
    expect((await scene.does(joe, [name, "a"])).text).toBe(`${secret} second`);
  });

  test("does not come back by a host with a write-only key", async () => {
    const name = await scene.machine(walter, { with: ["host"] });
    await scene.does(walter, ["-D", name, "--yes"]);
    const undone = await signedBy(host, following(scene.manifest(name, 2), host, { deleted: false }));
    const says = /made with a write-only key of host, which may not change members, name or deletion/;
    for (const env of [{}, scene.newcomer(walter)]) {
      const attack = giveObject({ ...scene.server.detail(name), revision: undone });
      await scene.refuses(walter, [name], { attack, says, env });
      await scene.refuses(walter, [name, "-pe", "password"], { attack, says, env, stdin: "x" });
    }
    expect((await host.pstore([name, "--restore", "1", "--yes"])).stderr).toMatch(says);
  });

  test("is not exchanged for another one that was deleted under its name: that is asked about", async () => {
    const name = await machine();
    await scene.does(walter, ["-D", name, "--yes"]);
    // joe has one of his own making, which walter never saw, deleted under the same name.
    await scene.does(joe, ["-c", name, "+walter"], "bait\n");
    await scene.does(joe, ["-D", name, "--yes"]);
    const asked = await walter.pstore([name, "--restore", "1"]);
    expect({ code: asked.code, text: asked.text }).toEqual({ code: 1, text: "" });
    expect(asked.stderr).toMatch(
      /'[^']+' was deleted by joe and is for joe, walter; it is not the only machine that you knew by this name. Bring this one back\?.*--yes/,
    );
    // A second time is no second chance.
    expect((await walter.pstore([name, "--restore", "1"])).stderr).toMatch(
      /it is not the only machine that you knew/,
    );
    expect((await walter.pstore([name, "--restore", "1", "--yes"])).code).toBe(0);
    expect((await scene.does(walter, [name, "password"])).text).toBe("bait");
  });

  test("does not come back in an old revision to who saw it come back before", async () => {
    const name = await machine();
    await scene.does(walter, ["-D", name, "--yes"]);
    await scene.does(walter, [name, "--restore", "4"]);
    await scene.refuses(walter, [name, "--restore", "4"], {
      attack: give(scene.revision(name, 5)),
      says: /gave revision 5 of '[^']+', but this client has already seen revision 6/,
    });
  });
});
