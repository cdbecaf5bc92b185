// What a hostile server can do to an object's history: the client believes what its writers signed, in the order in
// which they signed it, and never less than it has already seen.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { History, ObjectDetail, Revision } from "@pstore/core/api/schemas";
import { commitOf, commitText } from "@pstore/core/commit";
import { encodeManifest, type Manifest } from "@pstore/core/manifest";
import {
  type Attack,
  all,
  flipped,
  flippedBase64,
  following,
  give,
  giveObject,
  hide,
  keyOf,
  memberOf,
  onJson,
  onObject,
  Scene,
  signAs,
  signedBy,
  signWith,
} from "../support/hostile.ts";
import type { User } from "../support/team.ts";

const { secret } = Scene;

let scene: Scene;
let walter: User;
let joe: User;
let ann: User;

beforeAll(async () => {
  scene = await Scene.make("walter", "joe", "ann");
  [walter, joe, ann] = scene.users("walter", "joe", "ann");
});
afterAll(() => scene.dispose());

/** A machine of walter's that joe may write, with a password and a property `a`, at revision 2. */
const shared = () => scene.machine(walter, { with: ["joe"], secrets: { a: `${secret} a` } });

/** The command that reads, and the one that writes. */
const read = (name: string) => [name, "-pg", "a"];
const write = (name: string) => [name, "-pe", "b"];

async function refusesToReadAndWrite(name: string, attack: Attack, says: RegExp): Promise<void> {
  await scene.refuses(walter, read(name), { attack, says });
  await scene.refuses(walter, write(name), { attack, says, stdin: secret });
}

describe("no revision below the newest one that this client has seen is believed", () => {
  test("an older one is replayed, with the value that it had", async () => {
    const name = await shared();
    await scene.does(walter, read(name));
    const old = scene.server.detail(name);
    await scene.does(walter, [name, "-pe", "a"], `${secret} new`);
    await refusesToReadAndWrite(
      name,
      onObject(() => old),
      /gave revision 2 of '[^']+', but this client has already seen revision 3/,
    );
    expect((await scene.does(walter, read(name))).text).toBe(`${secret} new`);
  });

  test("another one of the same revision, signed by a member", async () => {
    const name = await shared();
    await scene.does(walter, read(name));
    const before = scene.manifest(name, 1);
    const other = await signedBy(joe, following(before, joe, { time: "2026-01-01T00:00:00Z" }));
    await refusesToReadAndWrite(name, give(other), /a revision 2 of '[^']+' that differs from the one/);
  });

  test("what was revoked stays revoked: the revision before it is not believed again", async () => {
    const name = await shared();
    await scene.does(walter, read(name));
    const before = scene.revision(name, 2);
    await scene.does(walter, [name, "^joe"]);
    await scene.refuses(walter, write(name), {
      attack: give(before),
      says: /has already seen revision 3/,
      stdin: secret,
    });
  });
});

describe("what a revision says is what its author signed", () => {
  test("a manifest with one bit, one member, one property or one digest more or other", async () => {
    const name = await shared();
    await scene.does(walter, read(name));
    const { manifest } = scene.revision(name, 2);
    const extra = encodeManifest({
      ...scene.manifest(name, 2),
      members: new Map([...scene.manifest(name, 2).members, ...memberOf(ann)]),
    });
    const texts = {
      extra,
      size: manifest.replace('"size":256', '"size":257'),
      access: manifest.replace('"access":"write"', '"access":"read"'),
      space: `${manifest} `,
      bit: flipped(Buffer.from(manifest), manifest.indexOf('"digest":"') + 12).toString(),
    };
    for (const text of Object.values(texts)) {
      expect(text).not.toBe(manifest);
      const attack = give({ ...scene.revision(name, 2), manifest: text });
      await refusesToReadAndWrite(
        name,
        attack,
        /not in the commit that its author signed|what the server gave cannot be used/,
      );
      await scene.refuses(walter, read(name), {
        attack,
        says: /not in the commit that its author signed|what the server gave cannot be used/,
        env: scene.newcomer(walter),
      });
    }
  });

  test("a commit or a signature with one bit flipped, or by another key, or over another text", async () => {
    const name = await shared();
    const true2 = scene.revision(name, 2);
    const otherKey = await signAs(joe, true2.commit);
    const otherText = await signAs(walter, `${true2.commit}\n`);
    const length = Buffer.from(true2.signature, "base64").length;
    const expiring = await signWith(
      ...[walter.gnupg, walter.fingerprint, true2.commit],
      ...["--default-sig-expire", "1y"],
    );
    const once = Buffer.from(true2.signature, "base64");
    const twice = Buffer.concat([once, once]).toString("base64");
    const forms: [Revision, RegExp][] = [
      [{ ...true2, signature: otherKey }, /signature of revision 2 .* is not by walter's key/],
      [{ ...true2, signature: otherText }, /signature of revision 2 .* is not by walter's key/],
      [{ ...true2, signature: expiring }, /signature of revision 2 .* it has an expiry/],
      [{ ...true2, signature: "" }, /signature of revision 2 .* is not by walter's key/],
      [{ ...true2, signature: "AAAA" }, /signature of revision 2 .* is not by walter's key/],
      [
        {
          ...true2,
          signature: twice,
        },
        /signature of revision 2/,
      ],
      [{ ...true2, commit: true2.commit.replace("manifests 1", "manifests 2") }, /not in the commit/],
      [
        { ...true2, commit: flipped(Buffer.from(true2.commit), true2.commit.length - 5).toString() },
        /commit/,
      ],
      [{ ...true2, commit: "" }, /commit/],
      [{ ...true2, commit: `${true2.commit}\n` }, /commit/],
      [{ ...true2, index: 1 }, /not in the commit/],
      [{ ...true2, index: Number.MAX_SAFE_INTEGER }, /not in the commit/],
      [{ ...true2, path: ["0".repeat(64)] }, /not in the commit/],
    ];
    for (const at of [0, 5, Math.floor(length / 2), length - 1]) {
      forms.push([
        { ...true2, signature: flippedBase64(true2.signature, at) },
        /signature of revision 2 .* is not by walter's key/,
      ]);
    }
    for (const [revision, says] of forms) {
      await scene.refuses(walter, read(name), { attack: give(revision), says, env: scene.newcomer(walter) });
    }
  });

  test("a signature over a login is none over a commit", async () => {
    const name = await shared();
    const { manifest, ...rest } = scene.revision(name, 2);
    const commit = `pstore login 1\nstore ${scene.manifest(name, 2).store}\n`;
    const attack = give({ ...rest, manifest, commit, signature: await signAs(walter, commit) });
    await scene.refuses(walter, read(name), { attack, says: /commit/, env: scene.newcomer(walter) });
  });
});

describe("what is given is what was asked for", () => {
  test("another machine under the name", async () => {
    const [name, other] = [await shared(), await shared()];
    await scene.does(walter, read(other));
    const attack = onObject(() => scene.server.detail(other));
    await refusesToReadAndWrite(
      name,
      attack,
      /gave the machine '[^']+' where '[^']+' was asked for|another object under the name/,
    );
    await scene.refuses(walter, read(name), {
      attack,
      says: /gave the machine '[^']+' where '[^']+' was asked for/,
      env: scene.newcomer(walter),
    });
  });

  test("a new machine by a member, under the name of one that this client knows", async () => {
    const name = await shared();
    await scene.does(walter, read(name));
    const before = scene.manifest(name, 2);
    const usurper: Manifest = {
      ...{ ...before, object: { id: crypto.randomUUID(), name }, revision: 1, previous: null },
      ...{ author: { user: "joe", key: keyOf(joe) }, properties: new Map() },
    };
    const attack = give(await signedBy(joe, usurper));
    await refusesToReadAndWrite(
      name,
      attack,
      /another object under the name '[^']+'.*without a signed deletion/,
    );
    // Nor when the server also denies that the known one is there.
    await refusesToReadAndWrite(name, all(attack, hide(/\/history$/)), /another object under the name/);
  });

  test("a machine of another store, truly signed there", async () => {
    const name = await shared();
    const elsewhere = await signedBy(joe, {
      ...scene.manifest(name, 2),
      store: crypto.randomUUID(),
      author: { user: "joe", key: keyOf(joe) },
    });
    const says = /another store|not in the commit/;
    await refusesToReadAndWrite(name, give(elsewhere), says);
    await scene.refuses(walter, read(name), { attack: give(elsewhere), says, env: scene.newcomer(walter) });
  });

  test("a store that says it is another one than this client knows under this URL", async () => {
    const attack = onJson<{ id: string }>("/store", (store) => {
      store.id = crypto.randomUUID();
    });
    const name = await shared();
    // Known URLs are not even asked.
    expect((await scene.under(attack, walter, read(name))).text).toBe(`${secret} a`);
    const other = `http://localhost:${scene.server.port}`;
    await scene.refuses(walter, [...read(name), `--store-url=${scene.server.url}`, `--store-url=${other}`], {
      attack: (given, sent) => {
        // The first URL is down, and who answers at the second is another store.
        if (sent.host.startsWith("127.")) given.cut = "before";
        attack(given, sent);
      },
      says: /http:\/\/localhost:\d+ is another store than http:\/\/127/,
    });
  });

  test("a URL that claims to be the store that this client knows under another one", async () => {
    const name = await shared();
    await walter.configure(`--store-url=http://localhost:${scene.server.port}`, "--user=walter");
    await scene
      .refuses(walter, read(name), {
        attack: () => {},
        says: /claims to be the store that this client knows as http:\/\/127\.0\.0\.1:/,
      })
      .finally(() => walter.configure(`--store-url=${scene.server.url}`, "--user=walter"));
  });
});

describe("revisions that this client missed are checked one by one", () => {
  /** A machine that walter has seen at revision 2, and joe has brought to revision 5. */
  async function missed(): Promise<string> {
    const name = await shared();
    await scene.does(walter, read(name));
    for (const value of ["1", "2", "3"])
      await scene.does(joe, [name, "-pe", "a", "--yes"], `${secret} ${value}`);
    return name;
  }
  const history = (alter: (revisions: Revision[]) => Revision[] | undefined) =>
    onJson<History>(/\/history$/, (answer) => {
      answer.revisions = alter(answer.revisions) ?? answer.revisions;
    });

  test("an honest chain is believed", async () => {
    const name = await missed();
    expect((await scene.does(walter, read(name))).text).toBe(`${secret} 3`);
  });

  test("a chain with a gap, in another order, empty, or with a link of somebody's own making", async () => {
    const name = await missed();
    const forged = await signedBy(ann, following(scene.manifest(name, 2), ann));
    const byMember = await signedBy(
      joe,
      following(scene.manifest(name, 2), joe, { time: "2026-01-01T00:00:00Z" }),
    );
    const altered = {
      ...scene.revision(name, 3),
      manifest: scene.revision(name, 3).manifest.replace("256", "257"),
    };
    const chains: [Attack, RegExp][] = [
      [history((revisions) => revisions.slice(1)), /has revision 4 behind revision 2/],
      [history((revisions) => revisions.toReversed()), /has revision 4 behind revision 2/],
      [history(() => []), /has revision 5 behind revision 2/],
      [
        history((revisions) => [forged, ...revisions.slice(1)]),
        /made by ann with a key that had no write access/,
      ],
      [history((revisions) => [byMember, ...revisions.slice(1)]), /does not continue the revision before it/],
      [history((revisions) => [altered, ...revisions.slice(1)]), /not in the commit|does not continue/],
      [hide(/\/history$/), /there is no such thing/],
    ];
    for (const [attack, says] of chains) await refusesToReadAndWrite(name, attack, says);
    expect((await scene.does(walter, read(name))).text).toBe(`${secret} 3`);
  });

  test("an author who was no writer", async () => {
    const name = await shared();
    await scene.does(walter, read(name));
    // walter knows ann and her key.
    await scene.machine(walter, { with: ["ann"] });
    const before = scene.manifest(name, 2);
    const forged = following(before, ann, { members: new Map([...before.members, ...memberOf(ann)]) });
    await refusesToReadAndWrite(
      name,
      give(await signedBy(ann, forged)),
      /made by ann with a key that had no write access/,
    );
    // Nor in the name of a writer, with her own key.
    const inJoesName = { ...forged, author: { user: "joe", key: keyOf(ann) } };
    await refusesToReadAndWrite(
      name,
      give(await signedBy(ann, inJoesName)),
      /with a key that had no write access/,
    );
    const withJoesKey = { ...forged, author: { user: "joe", key: keyOf(joe) } };
    await refusesToReadAndWrite(name, give(await signedBy(ann, withJoesKey)), /is not by joe's key/);
  });

  test("an unsigned revision in a writer's name that lets in whoever signs the next one", async () => {
    const name = await shared();
    await scene.does(walter, read(name));
    await scene.machine(walter, { with: ["ann"] });
    const before = scene.manifest(name, 2);
    const third = following(before, joe, { members: new Map([...before.members, ...memberOf(ann)]) });
    const text = encodeManifest(third);
    const commit = commitText(commitOf(third.store, [text]));
    const unsigned = { manifest: text, commit, signature: await signAs(ann, commit), index: 0, path: [] };
    const fourth = await signedBy(ann, following(third, ann));
    const attack = all(
      give(fourth),
      onJson<History>(/\/history$/, () => ({ revisions: [unsigned] })),
    );
    await refusesToReadAndWrite(name, attack, /signature of revision 3 .* is not by joe's key/);
  });

  test("a revoked author who signs a later revision", async () => {
    const name = await shared();
    await scene.does(walter, [name, "^joe"]);
    const before = scene.manifest(name, 3);
    const forged = following(before, joe, { members: new Map([...before.members, ...memberOf(joe)]) });
    await refusesToReadAndWrite(
      name,
      give(await signedBy(joe, forged)),
      /made by joe with a key that had no write access/,
    );
  });
});

describe("a revision without a valid signature is refused, unless --accept-unsigned, and never built upon", () => {
  const unsigned = onObject((detail) => {
    detail.revision.signature = "";
  });

  test("it is refused", async () => {
    const name = await shared();
    await scene.refuses(walter, read(name), {
      attack: unsigned,
      says: /signature of revision 2 of '[^']+' is not by walter's key/,
      env: scene.newcomer(walter),
    });
  });

  test("with --accept-unsigned it is shown with a warning, not remembered, and not written on", async () => {
    const name = await shared();
    const before = scene.manifest(name, 2);
    const { manifest, ...rest } = await signedBy(
      ann,
      following(before, joe, { time: "2026-01-01T00:00:00Z" }),
    );
    const attack = give({ ...rest, manifest });
    const env = scene.newcomer(walter);
    const shown = await scene.under(attack, walter, [...read(name), "--accept-unsigned"], { env });
    expect(shown).toMatchObject({ code: 0, text: `${secret} a` });
    expect(shown.stderr).toMatch(
      /WARNING: revision 3 .* has no valid signature by joe: anybody may have written it/,
    );
    for (const args of [write(name), [name, "+ann"], ["-P", name]]) {
      await scene.refuses(walter, [...args, "--accept-unsigned", "--yes"], {
        ...{ attack, env, stdin: `${secret}\n` },
        says: /has no valid signature, so nothing can be built on it/,
      });
    }
    // It left no trace: the true revision, which is lower, is believed.
    expect((await walter.pstore(read(name), { env })).text).toBe(`${secret} a`);
  });

  test("--accept-unsigned lets nothing pass that contradicts what was signed", async () => {
    const name = await shared();
    await scene.does(walter, read(name));
    const before = scene.manifest(name, 2);
    const forged = following(before, ann, { members: new Map([...before.members, ...memberOf(ann)]) });
    await scene.refuses(walter, [...read(name), "--accept-unsigned"], {
      attack: give(await signedBy(ann, forged)),
      says: /made by ann with a key that had no write access/,
    });
  });

  test("--accept-unsigned in a file is refused", async () => {
    await walter.configure(`--store-url=${scene.server.url}`, "--user=walter", "--accept-unsigned");
    const { code, text, stderr } = await walter.pstore([]);
    await walter.configure(`--store-url=${scene.server.url}`, "--user=walter");
    expect({ code, text }).toEqual({ code: 2, text: "" });
    expect(stderr).toMatch(/--accept-unsigned/);
  });
});

describe("what a server withholds, it cannot make look deleted", () => {
  test("a known machine is gone, without a signed deletion", async () => {
    const name = await shared();
    await scene.does(walter, read(name));
    const says = /hidden by the server, no signed deletion/;
    const gone = all(
      hide(/^\/object$|\/history$/),
      onJson("/objects", () => ({ object: null, objects: [], next: null })),
    );
    await refusesToReadAndWrite(name, gone, says);
    await scene.refuses(walter, [name], { attack: gone, says });
    await scene.refuses(walter, [name, "+ann"], { attack: gone, says });
    await scene.refuses(walter, [name, "^joe"], { attack: gone, says });
    // Also where the history is given, which then shows that it lives.
    await scene.refuses(walter, read(name), { attack: hide(/^\/object$/), says });
  });

  test("a deletion that nobody entitled has signed", async () => {
    const name = await shared();
    await scene.does(walter, read(name));
    await scene.machine(walter, { with: ["ann"] });
    const deletion = await signedBy(ann, following(scene.manifest(name, 2), ann, { deleted: true }));
    const attack = all(
      hide(/^\/object$/),
      onJson<History>(/\/history$/, () => ({ revisions: [deletion] })),
    );
    await refusesToReadAndWrite(name, attack, /made by ann with a key that had no write access/);
    const inWaltersName = following(scene.manifest(name, 2), walter, { deleted: true });
    const { manifest, commit } = await signedBy(walter, inWaltersName);
    const unsigned = { manifest, commit, signature: await signAs(ann, commit), index: 0, path: [] };
    await refusesToReadAndWrite(
      name,
      all(
        hide(/^\/object$/),
        onJson<History>(/\/history$/, () => ({ revisions: [unsigned] })),
      ),
      /is not by walter's key/,
    );
  });

  test("a signed deletion is told with its author", async () => {
    const name = await shared();
    await scene.does(walter, read(name));
    const deletion = await signedBy(joe, following(scene.manifest(name, 2), joe, { deleted: true }));
    await scene.refuses(walter, read(name), {
      attack: all(
        hide(/^\/object$/),
        onJson<History>(/\/history$/, () => ({ revisions: [deletion] })),
      ),
      says: /joe has deleted the machine/,
    });
  });
});

test("an object is given where none exists: an unknown author's signature is not enough for a strict client", async () => {
  const name = "invented.example.com";
  const manifest: Manifest = {
    ...scene.manifest(await shared(), 1),
    object: { id: crypto.randomUUID(), name },
    author: { user: "ann", key: keyOf(ann) },
    members: new Map([...memberOf(ann), ...memberOf(walter)]),
    properties: new Map(),
  };
  const detail: ObjectDetail = {
    ...{ access: "write", values: [], wrappedKeys: [], users: [] },
    revision: await signedBy(ann, manifest),
  };
  await scene.refuses(walter, [name, "-pl", "--trust-mode=strict"], {
    attack: giveObject(detail),
    says: /key .* of ann is not trusted yet/,
    env: { ...scene.newcomer(walter), XDG_RUNTIME_DIR: join(walter.home, "run") },
  });
});
