// What a hostile server can make of machines that were deleted or renamed: the client believes what a writer signed, keeps
// what it has seen, and takes no other machine for one that it knows.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { CommitRequest, History, ObjectDetail, Revision } from "@pstore/core/api/schemas";
import { digestOf } from "@pstore/core/digest";
import { openpgpFingerprint } from "@pstore/core/fingerprint";
import type { Manifest } from "@pstore/core/manifest";
import {
  type Attack,
  all,
  answerJson,
  following,
  give,
  giveObject,
  hide,
  keyOf,
  onJson,
  Scene,
  signAs,
  signedBy,
  the,
} from "../support/hostile.ts";
import type { User } from "../support/team.ts";

const { secret } = Scene;

let scene: Scene;
let walter: User;
let joe: User;
/** A host that sets its password, with a write-only key. */
let host: User;

beforeAll(async () => {
  scene = await Scene.make("walter", "joe", { name: "host", keyFlags: ["--write-only"] });
  [walter, joe, host] = scene.users("walter", "joe", "host");
  await scene.does(walter, ["--trust", "joe", "--trust", "host", "--yes"]);
  await scene.does(joe, ["--trust", "walter", "--trust", "host", "--yes"]);
});
afterAll(() => scene.dispose());

/** A machine of walter's that joe may change, at revision 1, which both have seen. */
async function shared(): Promise<string> {
  const name = await scene.machine(walter, { with: ["joe"] });
  for (const user of [walter, joe]) await scene.does(user, [name]);
  return name;
}

/** What the server gives of a machine now. */
const now = (name: string): ObjectDetail => structuredClone(scene.server.detail(name));

const nobody = onJson("/objects", () => ({ object: null, objects: [], next: null }));
const history = (...revisions: Revision[]) => onJson<History>(/\/history$/, () => ({ revisions }));

/** Every way to use a machine, each of which must refuse. */
async function refused(user: User, name: string, attack: Attack, says: RegExp): Promise<void> {
  for (const args of [
    [name],
    [name, "password"],
    [name, "-pe", "password"],
    [name, "--history"],
    [name, "--rename", "other"],
    ["-D", name],
  ])
    await scene.refuses(user, [...args, "--yes"], { attack, says, stdin: "x" });
}

describe("a machine that was deleted", () => {
  test("is not shown as living to who saw the deletion", async () => {
    const name = await shared();
    const living = now(name);
    await scene.does(walter, ["-D", name, "--yes"]);
    // joe learns of it by its signature.
    expect((await joe.pstore([name])).stderr).toContain(`walter has deleted the machine '${name}'`);
    const says = /gave revision 1 of '[^']+', but this client has already seen revision 2/;
    for (const user of [walter, joe]) await refused(user, name, giveObject(living), says);
  });

  test("is not shown as living in another revision of the same number, whoever signed it", async () => {
    const name = await shared();
    const living = now(name);
    const second = following(scene.manifest(name, 1), joe);
    await scene.does(walter, ["-D", name, "--yes"]);
    const attack = giveObject({ ...living, revision: await signedBy(joe, second) });
    await refused(
      walter,
      name,
      attack,
      /a revision 2 of '[^']+' that differs from the one this client has seen/,
    );
    // Nor on top of the deletion, by who is no writer, or with the signature of another.
    const deleted = scene.manifest(name, 2);
    const undone = following(deleted, joe, { deleted: false });
    const { commit, ...rest } = await signedBy(joe, undone);
    await refused(
      walter,
      name,
      giveObject({ ...living, revision: { ...rest, commit, signature: await signAs(host, commit) } }),
      /signature of revision 3 of '[^']+' is not by joe's key/,
    );
  });

  test("is not given by another name, nor to who asks for a living one", async () => {
    const name = await shared();
    const other = await shared();
    await scene.does(walter, ["-D", name, "--yes"]);
    const deleted = { ...now(other), revision: scene.revision(name, 2) };
    await refused(
      joe,
      other,
      giveObject(deleted),
      /another object under the name|gave the machine '[^']+' where '[^']+' was asked for/,
    );
    const fresh = { attack: giveObject(deleted), env: scene.newcomer(joe), stdin: "x" };
    for (const args of [[other], [other, "-pe", "b", "--yes"]])
      await scene.refuses(joe, args, {
        ...fresh,
        says: /gave the machine '[^']+' where '[^']+' was asked for/,
      });
    for (const args of [[name], [name, "-pe", "b", "--yes"]])
      await scene.refuses(joe, args, { ...fresh, says: /gave '[^']+' as it was when walter deleted it/ });
  });

  test("whose deletion was hidden while somebody wrote on is noticed when it is shown after all", async () => {
    const name = await shared();
    await scene.does(joe, [name, "-ps", "a"], "x");
    // What came with it then: all that a change needs.
    const living = { ...now(name), revision: scene.revision(name, 2) };
    await scene.does(walter, ["-D", name, "--yes"]);
    // For joe it lives on, and he writes to it.
    const takes: Attack = (given, sent) => {
      if (sent.endpoint !== "/commits") return;
      const { changes } = JSON.parse(sent.body.toString()) as CommitRequest;
      const { id } = scene.manifest(name, 1).object;
      answerJson(given, { revisions: [{ id, revision: 3, digest: digestOf(the(changes[0]).manifest) }] });
    };
    const forked = await scene.under(all(giveObject(living), takes), joe, [name, "-ps", "a"], {
      stdin: "y",
    });
    expect(forked).toMatchObject({ code: 0, text: "" });
    // From here on nothing that walter signed fits.
    await scene.refuses(joe, [name, "a"], {
      attack: all(hide(/^\/object$/), nobody),
      says: /hidden by the server/,
    });
    await scene.refuses(joe, [name, "--restore", "1"], {
      attack: give(scene.revision(name, 3)),
      says: /a revision 3 of '[^']+' that differs from the one this client has seen/,
    });
  });

  test("is deleted for nobody by who may not: a stranger, a reader, a host with a write-only key", async () => {
    const name = await scene.machine(walter, { with: ["joe:read", "host"] });
    for (const user of [walter, joe]) await scene.does(user, [name]);
    const before = scene.manifest(name, 1);
    for (const [author, why] of [
      [joe, /made by joe with a key that had no write access/],
      [host, /made with a write-only key of host, which may not change members, name or deletion/],
    ] as const) {
      const deletion = await signedBy(author, following(before, author, { deleted: true }));
      const attack = all(hide(/^\/object$/), nobody, history(deletion));
      for (const user of [walter, joe]) {
        await scene.refuses(user, [name], { attack, says: why });
        await scene.refuses(user, [name, "-pg", "password"], { attack, says: why });
      }
      // Who sees it first, as a deleted one to bring back.
      await scene.refuses(walter, [name, "--restore", "1"], {
        attack: all(give(deletion), history(scene.revision(name, 1))),
        says: why,
        env: scene.newcomer(walter),
      });
    }
    expect((await scene.does(joe, [name, "password"])).text).toContain(secret);
  });
});

describe("a machine that was renamed", () => {
  test("is not given by its old name to who saw the new one, nor another one by the new", async () => {
    const name = await shared();
    const old = now(name);
    await scene.does(walter, [name, "--rename", `${name}.new`]);
    await scene.does(joe, [`${name}.new`]);
    for (const user of [walter, joe]) {
      await scene.refuses(user, [name], {
        attack: giveObject(old),
        says: /gave revision 1 of '[^']+', but this client has already seen revision 2/,
      });
    }
    const other = await shared();
    await refused(
      joe,
      `${name}.new`,
      giveObject(now(other)),
      /another object under the name '[^']+'.*without a signed deletion|where '[^']+' was asked for/,
    );
  });

  test("is told with who renamed it to who only knows the old name, even when the server hides it", async () => {
    const name = await shared();
    await scene.does(walter, [name, "--rename", `${name}.new`]);
    const renamed = now(name);
    await scene.refuses(joe, [name], {
      attack: giveObject({ ...renamed, revision: scene.revision(`${name}.new`, 2) }),
      says: /gave the machine '[^']+\.new' where '[^']+' was asked for/,
    });
    await scene.refuses(joe, [name], {
      attack: all(hide(/^\/object$/), nobody),
      says: /walter has renamed the machine '[^']+' to '[^']+\.new'/,
    });
  });

  test("does not take the name of one that lives, whoever signs it", async () => {
    const name = await shared();
    await scene.does(joe, ["-c", `joes-${name}`, "+walter"], "bait\n");
    await scene.does(walter, [`joes-${name}`]);
    const { object, ...before } = scene.manifest(`joes-${name}`, 1);
    const usurper = following({ ...before, object }, joe, { object: { ...object, name } });
    const detail = { ...now(`joes-${name}`), revision: await signedBy(joe, usurper) };
    const says =
      /another object under the name '[^']+' than the one that this client knows, without a signed deletion/;
    await refused(walter, name, giveObject(detail), says);
    // Nor with a deletion of the true one that nobody entitled has signed.
    const deletion = await signedBy(host, following(scene.manifest(name, 1), host, { deleted: true }));
    await refused(
      walter,
      name,
      all(giveObject(detail), history(deletion)),
      /another object under the name|made by host with a key that had no write access/,
    );
    expect((await scene.does(walter, [name, "password"])).text).toContain(secret);
  });

  test("may take it once the other's deletion is signed by who may", async () => {
    const name = await shared();
    await scene.does(joe, ["-c", `joes-${name}`, "+walter"], "new\n");
    await scene.does(walter, [`joes-${name}`]);
    await scene.does(joe, ["-D", name, "--yes"]);
    await scene.does(joe, [`joes-${name}`, "--rename", name]);
    expect((await scene.does(walter, [name, "password"])).text).toBe("new");
  });

  test("is renamed for nobody by a host with a write-only key, also with it made a reading one", async () => {
    const name = await scene.machine(walter, { with: ["host"] });
    await scene.does(walter, [name]);
    const before = scene.manifest(name, 1);
    const object = { ...before.object, name: `${name}.new` };
    const member = the(before.members.get("host"));
    const reading = new Map([[keyOf(host), openpgpFingerprint(the(host.keys[0]?.encryption))]]);
    const changes: readonly Partial<Manifest>[] = [
      { object },
      { object, members: new Map([...before.members, ["host", { ...member, keys: reading }]]) },
    ];
    for (const change of changes) {
      const attack = giveObject({
        ...now(name),
        revision: await signedBy(host, following(before, host, change)),
      });
      for (const env of [{}, scene.newcomer(walter)])
        await scene.refuses(walter, [object.name, "password"], {
          ...{ attack, env },
          says: /made with a write-only key of host|THE KEY OF host HAS CHANGED/,
        });
    }
  });
});

describe("a client with a write-only key", () => {
  test("is told that it may not delete, rename and give access, and may set values", async () => {
    const name = await scene.machine(walter, { with: ["host", "joe"] });
    for (const args of [
      ["-D", name],
      [name, "--rename", "other"],
      [name, "+joe:read"],
      [name, "^joe"],
    ]) {
      const { code, stderr } = await host.pstore([...args, "--yes"]);
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^(?:NOTICE: .*\n)*error: your key is write-only: it may change values of '[^']+', but neither its users nor its name, nor delete it; ask joe or walter\n$/,
      );
    }
    await scene.does(host, [name, "-pe", "own", "--yes"], "x");
    expect((await scene.does(joe, [name, "own"])).text).toBe("x");
  });
});
