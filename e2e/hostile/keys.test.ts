// What a hostile server can do to get a secret encrypted to a key of its own: nothing that the client does not notice.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type {
  CommitRequest,
  ObjectDetail,
  PublicKey,
  User as ServedUser,
  Users,
} from "@pstore/core/api/schemas";
import { keyCommitment } from "@pstore/core/commitment";
import { digestOf, measure } from "@pstore/core/digest";
import { openpgpFingerprint, readable } from "@pstore/core/fingerprint";
import { encodeManifest, type Manifest } from "@pstore/core/manifest";
import { armor, dearmor } from "@pstore/core/openpgp/armor";
import { sealWhole } from "@pstore/core/openpgp/body";
import { readCertificate } from "@pstore/core/openpgp/certificate";
import { concat, splitPackets, tags } from "@pstore/core/openpgp/packet";
import { wrapSessionKey } from "@pstore/core/openpgp/wrap";
import {
  createHome,
  exportPublic,
  type GnupgHome,
  generateKey,
  gpg,
  importKeys,
  revokeKey,
  type TestKey,
} from "../support/gnupg.ts";
import {
  type Attack,
  all,
  answerJson,
  giveObject,
  keyOf,
  memberOf,
  onJson,
  onObject,
  Scene,
  signedBy,
  the,
} from "../support/hostile.ts";
import { User } from "../support/team.ts";

const { secret } = Scene;

let scene: Scene;
let walter: User;
let joe: User;
let ann: User;
/** A host that sets its password, with a write-only key. */
let host: User;
let home: GnupgHome;
/** The attacker, who has a key, but no account. */
let mallory: User;

beforeAll(async () => {
  scene = await Scene.make("walter", "joe", "ann", { name: "host", keyFlags: ["--write-only"] });
  [walter, joe, ann, host] = scene.users("walter", "joe", "ann", "host");
  home = await createHome();
  mallory = new User("mallory", home.path, home, [await generateKey(home, { userId: "mallory" })]);
});
afterAll(async () => {
  await home.dispose();
  await scene.dispose();
});

async function served(user: User, change: Partial<PublicKey> = {}): Promise<PublicKey> {
  const publicKey = await exportPublic(user.gnupg, user.fingerprint);
  const base = { fingerprint: keyOf(user), publicKey, writeOnly: false, removed: false, description: "" };
  return { ...base, ...change };
}

/** Gives other keys for a user, wherever the server gives users. */
function keysOf(name: string, alter: (user: ServedUser) => void): Attack {
  const change = (users: ServedUser[]) => {
    for (const user of users) if (user.name === name) alter(user);
  };
  return all(
    onJson<Users>("/users", ({ users }) => change(users)),
    onObject(({ users }) => change(users)),
  );
}

describe("a secret is encrypted to the keys that this client has pinned, whatever the server gives", () => {
  test("another key for a known user: refused with both fingerprints", async () => {
    await scene.machine(walter, { with: ["joe"] });
    const name = await scene.machine(walter);
    const other = await served(mallory);
    for (const keys of [[other], [await served(joe), other]]) {
      const attack = keysOf("joe", (user) => {
        user.keys = keys;
      });
      const told = await scene.refuses(walter, [name, "+joe", "--yes"], {
        attack,
        says: /THE KEY OF joe HAS CHANGED/,
      });
      expect(told).toContain(readable(keyOf(joe)));
      expect(told).toContain(readable(keyOf(mallory)));
      await scene.refuses(walter, ["-c", "new.example.com", "+joe", "--yes"], {
        ...{ attack, stdin: `${secret}\n` },
        says: /THE KEY OF joe HAS CHANGED/,
      });
    }
  });

  test("another key for a member who is not named, and for the client's own user", async () => {
    const name = await scene.machine(walter, { with: ["joe"] });
    const other = await served(mallory);
    const instead = keysOf("joe", (user) => {
      user.keys = [other];
    });
    await scene.refuses(walter, [name, "-pe", "b", "--yes"], {
      attack: instead,
      says: /THE KEY OF joe HAS CHANGED/,
      stdin: secret,
    });
    // A further key of a member who is not named is nobody's business: it gets nothing.
    for (const user of ["joe", "walter"]) {
      const further = keysOf(user, (given) => {
        given.keys = [...given.keys, other];
      });
      const { code } = await scene.under(further, walter, [name, "-pe", "b", "--yes"], { stdin: secret });
      const last = the(scene.server.commits.at(-1));
      expect({
        user,
        leaked: code === 0 && (last.includes(mallory.fingerprint) || scene.wrapsFor(last, mallory)),
      }).toEqual({ user, leaked: false });
    }
    const own = keysOf("walter", (given) => {
      given.keys = [other];
    });
    await scene.refuses(walter, [name, "-pe", "b", "--yes"], { attack: own, says: /walter/, stdin: secret });
  });

  test("another key for the client's own user, at first sight", async () => {
    const other = await served(mallory);
    const attack = keysOf("walter", (user) => {
      user.keys = [other];
    });
    await scene.refuses(walter, ["-c", "first.example.com"], {
      ...{ attack, env: scene.newcomer(walter), stdin: `${secret}\n` },
      says: /no public key for 'walter' whose private key is here/,
    });
    const further = keysOf("walter", (user) => {
      user.keys = [other, ...user.keys];
    });
    await scene.under(further, walter, ["-c", "first.example.com", "--yes"], {
      env: scene.newcomer(walter),
      stdin: `${secret}\n`,
    });
    expect(scene.server.commits.at(-1)).not.toContain(mallory.fingerprint);
  });

  test("a key that is pinned to somebody else, for a user never seen", async () => {
    await scene.machine(walter, { with: ["joe"] });
    const name = await scene.machine(walter);
    const newcomer = await scene.add("newcomer");
    const joes = await served(joe);
    const attack = keysOf(newcomer.name, (user) => {
      user.keys = [joes];
    });
    const told = await scene.refuses(walter, [name, "+newcomer", "--yes"], {
      attack,
      says: /it is known as joe's/,
    });
    expect(told).toContain(readable(keyOf(joe)));
  });

  test("another certificate under the fingerprint of the right one", async () => {
    await scene.machine(walter, { with: ["joe"] });
    const name = await scene.machine(walter);
    const disguised = await served(mallory, { fingerprint: keyOf(joe) });
    const attack = keysOf("joe", (user) => {
      user.keys = [disguised];
    });
    await scene.refuses(walter, [name, "+joe", "--yes"], {
      attack,
      says: /gave another key for joe than the one it names/,
    });
  });

  test("the right certificate with the attacker's encryption subkey sewn on", async () => {
    const joes = dearmor(await exportPublic(joe.gnupg, joe.fingerprint));
    const theirs = dearmor(await exportPublic(home, mallory.fingerprint));
    const packets = splitPackets(theirs, { code: "unusable-key", what: "The key" });
    const from = packets.findIndex(({ tag }) => tag === tags.publicSubkey);
    const subkey = packets.slice(from).map(({ whole }) => whole);
    expect(subkey).toHaveLength(2);
    expect((await readCertificate(theirs)).encrypting).toHaveLength(1);
    const sewn = armor(concat([joes, ...subkey]));
    const attack = keysOf("joe", (user) => {
      the(user.keys[0]).publicKey = sewn;
    });
    for (const env of [{}, scene.newcomer(walter)]) {
      const name = await scene.machine(walter);
      const { code, stderr } = await scene.under(attack, walter, [name, "+joe", "--yes"], { env });
      if (code !== 0) {
        expect(stderr).toMatch(/^error: .*joe/m);
        continue;
      }
      const commit = JSON.parse(the(scene.server.commits.at(-1))) as CommitRequest;
      expect(the(commit.changes[0]).manifest).toContain(
        `"${keyOf(joe)}":"openpgp:${joe.keys[0]?.encryption}"`,
      );
      expect(the(commit.changes[0]).manifest).not.toContain(the(mallory.keys[0]?.encryption));
    }
  });

  test("a revocation once seen is not forgotten", async () => {
    const leaver = await scene.add("leaver");
    const name = await scene.machine(walter, { with: ["leaver"] });
    const before = await exportPublic(leaver.gnupg, leaver.fingerprint);
    const copy = await createHome();
    await importKeys(copy, before);
    await revokeKey(leaver.gnupg, leaver.fingerprint);
    const revoked = await exportPublic(leaver.gnupg, leaver.fingerprint);
    const attack = keysOf("leaver", (user) => {
      the(user.keys[0]).publicKey = revoked;
    });
    await scene.refuses(walter, [name, "-pe", "b"], {
      attack,
      says: /leaver's key .* revoked/,
      stdin: secret,
    });
    await scene.refuses(walter, [name, "-pe", "b"], {
      attack: () => {},
      says: /leaver's key .* revoked/,
      stdin: secret,
    });
    await copy.dispose();
  });

  test("a key of no certificate, of garbage, of a private key", async () => {
    await scene.machine(walter, { with: ["joe"] });
    const name = await scene.machine(walter);
    const { text: privateKey } = await gpg(home, ["--armor", "--export-secret-keys", mallory.fingerprint]);
    for (const publicKey of [
      "",
      "x",
      "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n",
      privateKey,
    ]) {
      const attack = keysOf("joe", (user) => {
        the(user.keys[0]).publicKey = publicKey;
      });
      await scene.refuses(walter, [name, "+joe", "--yes"], { attack, says: /key/i });
    }
  });

  test("no keys, a disabled user, no such user", async () => {
    const name = await scene.machine(walter, { with: ["joe"] });
    const cases: [Attack, RegExp][] = [
      [
        keysOf("joe", (user) => {
          user.keys = [];
        }),
        /joe has no public key at the store.*\^joe/,
      ],
      [
        keysOf("joe", (user) => {
          user.active = false;
        }),
        /joe is disabled or removed.*\^joe/,
      ],
      [
        onObject((detail) => {
          detail.users = detail.users.filter((user) => user.name !== "joe");
        }),
        /knows no user 'joe'.*\^joe/,
      ],
    ];
    for (const [attack, says] of cases)
      await scene.refuses(walter, [name, "-pe", "b"], { attack, says, stdin: secret });
  });
});

describe("a write-only key is encrypted to by nobody", () => {
  test("a key that was pinned as write-only becomes one that reads", async () => {
    const name = await scene.machine(walter, { with: ["host"] });
    const attack = keysOf("host", (user) => {
      the(user.keys[0]).writeOnly = false;
    });
    for (const args of [
      [name, "-pe", "b"],
      [name, "+host"],
      ["-P", name],
    ]) {
      await scene.refuses(walter, [...args, "--yes"], {
        ...{ attack, stdin: `${secret}\n` },
        says: /THE KEY OF host HAS CHANGED: the write-only flag/,
      });
    }
    const { code } = await walter.pstore([name, "-pe", "b"], { stdin: secret });
    expect(code).toBe(0);
    expect(scene.wrapsFor(the(scene.server.commits.at(-1)), host)).toBe(false);
  });
});

describe("whoever steals a host's write-only key, and runs the server, lets nobody in", () => {
  test("its revision that changes members or deletes is refused, by those who knew the machine and by newcomers", async () => {
    const name = await scene.machine(walter, { with: ["host"] });
    await scene.does(host, [name, "-pe", "set-by-host", "--yes"], "x");
    await scene.does(walter, [name, "-pl"]);
    const before = scene.manifest(name, 2);
    const next: Manifest = {
      ...before,
      ...{
        revision: 3,
        previous: digestOf(encodeManifest(before)),
        author: { user: "host", key: keyOf(host) },
      },
    };
    const part = the(mallory.keys[0]?.encryption);
    const hosts = {
      access: "write" as const,
      keys: new Map([[keyOf(host), openpgpFingerprint(the(host.keys[0]?.encryption))]]),
    };
    const wanted: Partial<Manifest>[] = [
      { members: new Map([...before.members, ...memberOf(mallory)]) },
      // The host itself becomes a reader: with its own key, or with one more.
      { members: new Map([...before.members, ["host", hosts]]) },
      {
        members: new Map([
          ...before.members,
          [
            "host",
            {
              ...hosts,
              keys: new Map([
                [keyOf(host), null],
                [keyOf(mallory), openpgpFingerprint(part)],
              ]),
            },
          ],
        ]),
      },
      { members: new Map([...before.members].filter(([user]) => user !== "walter")) },
      { deleted: true },
    ];
    for (const [index, change] of wanted.entries()) {
      const revision = await signedBy(host, { ...next, ...change });
      const attack = onObject((detail) => {
        detail.revision = revision;
      });
      for (const env of [{}, scene.newcomer(walter)]) {
        const told = await scene.refuses(walter, [name, "-pe", "b", "--yes"], {
          ...{ attack, env, stdin: secret },
          says: /write-only|THE KEY OF host HAS CHANGED|no write access|when host deleted it/,
        });
        expect({ index, leaks: told.includes("fault") }).toEqual({ index, leaks: false });
      }
    }
  });
});

describe("the server's word makes nobody a member", () => {
  test("a user more in the list that comes with an object", async () => {
    const name = await scene.machine(walter, { with: ["joe"] });
    const user: ServedUser = { name: "mallory", active: true, keys: [await served(mallory)] };
    const attack = all(
      onObject((detail) => {
        detail.users.push(user);
      }),
      onJson<Users>("/users", (answer) => {
        answer.users.push(user);
      }),
    );
    const { code, stderr } = await scene.under(attack, walter, [name, "-pe", "b"], { stdin: secret });
    expect(stderr).not.toContain("mallory");
    expect(code).toBe(0);
    const commit = the(scene.server.commits.at(-1));
    expect(commit).not.toContain("mallory");
    expect(commit).not.toContain(mallory.fingerprint);
    const sent = JSON.parse(commit) as CommitRequest;
    expect(
      the(sent.changes[0])
        .wrappedKeys.map(({ key }) => key)
        .sort(),
    ).toEqual([keyOf(joe), keyOf(walter)].sort());
  });

  test("a member more in the manifest", async () => {
    const name = await scene.machine(walter, { with: ["joe"] });
    const { manifest } = scene.revision(name, 1);
    const before = scene.manifest(name, 1);
    const text = encodeManifest({ ...before, members: new Map([...before.members, ...memberOf(mallory)]) });
    expect(text).not.toBe(manifest);
    const attack = onObject((detail) => {
      detail.revision.manifest = text;
    });
    for (const env of [{}, scene.newcomer(walter)]) {
      await scene.refuses(walter, [name, "-pe", "b", "--yes"], {
        ...{ attack, env, stdin: secret },
        says: /not in the commit that its author signed|differs from the one this client has seen/,
      });
    }
  });

  /** A machine that was never there: signed by mallory, encrypted for real to mallory and walter. */
  async function invented(name: string, author: string): Promise<{ attack: Attack }> {
    const { store } = scene.manifest(await scene.machine(walter), 1);
    const sessionKey = crypto.getRandomValues(new Uint8Array(32));
    const body = sealWhole(sessionKey, Buffer.from("bait"));
    const object = { id: crypto.randomUUID(), name };
    const place = { store, object: object.id, property: "password", revision: 1 };
    const { size, digest } = measure(body);
    const renamed = new Map([[author, the(memberOf(mallory).get("mallory"))]]);
    const manifest: Manifest = {
      ...{ store, object, revision: 1, previous: null, time: "2026-01-01T00:00:00Z", deleted: false },
      author: { user: author, key: keyOf(mallory) },
      members: new Map([...renamed, ...memberOf(walter)]),
      properties: new Map([
        [
          "password",
          { kind: "encrypted", size, digest, revision: 1, commitment: keyCommitment(sessionKey, place) },
        ],
      ]),
    };
    const certificate = await readCertificate(await exportPublic(walter.gnupg, walter.fingerprint));
    const part = openpgpFingerprint(the(walter.keys[0]?.encryption));
    const wrapped = Buffer.from(await wrapSessionKey(certificate, part, sessionKey)).toString("base64");
    const user: ServedUser = { name: author, active: true, keys: [await served(mallory)] };
    const others: ServedUser[] = [{ name: "joe", active: true, keys: [await served(joe)] }];
    const self: ServedUser = { name: "walter", active: true, keys: [await served(walter)] };
    const detail: ObjectDetail = {
      access: "write",
      revision: await signedBy(mallory, manifest),
      values: [{ property: "password", bytes: Buffer.from(body).toString("base64") }],
      wrappedKeys: [{ property: "password", key: keyOf(walter), wrapped }],
      users: [user, self, ...(author === "joe" ? [] : others)],
    };
    const attack = all(giveObject(detail), (given, sent) => {
      if (sent.endpoint === "/users") answerJson(given, { users: [user, self] });
    });
    return { attack };
  }

  test("an invented colleague, who signed a machine never seen, gets nothing unasked", async () => {
    const { attack } = await invented("invented.example.com", "mallory");
    // Reading what mallory wrote is no danger; that mallory is believed to be somebody is said.
    const shown = await scene.under(attack, walter, ["invented.example.com"]);
    expect(shown).toMatchObject({ code: 0, text: "password = bait\n" });
    expect(shown.stderr).toContain(
      `NOTICE: first sight of mallory, whose key is now pinned: ${readable(keyOf(mallory))}`,
    );
    for (const args of [
      ["invented.example.com", "-pe", "b"],
      ["-P", "invented.example.com"],
      ["invented.example.com", "+joe"],
    ]) {
      const told = await scene.refuses(walter, args, {
        attack,
        says: /mallory .*--yes/,
        stdin: `${secret}\n`,
      });
      expect(told).toContain(readable(keyOf(mallory)));
    }
    // At a terminal, it is a question.
    scene.server.attack = attack;
    const before = scene.server.commits.length;
    const terminal = walter.terminal(["-P", "invented.example.com"]);
    try {
      const asked = await terminal.waitFor("[y/N] ");
      expect(asked).toContain("mallory");
      expect(asked).toContain(readable(keyOf(mallory)));
      terminal.type("\r");
      expect((await terminal.exit).code).toBe(1);
    } finally {
      terminal.kill();
      scene.server.attack = () => {};
    }
    expect(scene.server.commits.slice(before)).toEqual([]);
    // Whoever also names somebody else has not meant mallory.
    await scene.refuses(walter, ["invented.example.com", "+joe"], { attack, says: /mallory .*--yes/ });
  });

  test("an invented colleague under a known name is a changed key", async () => {
    await scene.machine(walter, { with: ["joe"] });
    const { attack } = await invented("invented2.example.com", "joe");
    const says = /THE KEY OF joe HAS CHANGED/;
    await scene.refuses(walter, ["invented2.example.com", "-pg", "password"], { attack, says });
    await scene.refuses(walter, ["invented2.example.com", "-pe", "b", "--yes"], {
      attack,
      says,
      stdin: secret,
    });
  });

  test("an invented colleague under the user's own name", async () => {
    const { attack } = await invented("invented3.example.com", "walter");
    const says = /walter|write access/;
    await scene.refuses(walter, ["invented3.example.com", "-pg", "password"], { attack, says });
    await scene.refuses(walter, ["invented3.example.com", "-pe", "b", "--yes"], {
      attack,
      says,
      stdin: secret,
    });
    await scene.refuses(walter, ["invented3.example.com", "-pe", "b", "--yes"], {
      attack,
      says,
      stdin: secret,
      env: scene.newcomer(walter),
    });
  });
});

describe("when access is granted, only the value's own session key is wrapped again", () => {
  const notTheKey = /is not the key of that value/;
  const putKey = (property: string, wrapped: string) =>
    onObject((detail) => {
      the(detail.wrappedKeys.find((one) => one.property === property)).wrapped = wrapped;
    });

  test("the wrapped key of a value of another machine, which only the grantor may read", async () => {
    const own = await scene.machine(walter, { secrets: { root: `${secret} root` } });
    const name = await scene.machine(walter, { secrets: { a: `${secret} a` } });
    const attack = putKey("a", scene.wrapped(own, "root", walter));
    await scene.refuses(walter, [name, "+joe", "--yes"], { attack, says: notTheKey });
    // Also under the same property name, and when the password changes in the same go.
    const same = putKey("password", scene.wrapped(own, "password", walter));
    await scene.refuses(walter, [name, "+joe", "--yes"], { attack: same, says: notTheKey });
    await scene.refuses(walter, ["-P", name, "+joe", "--yes"], {
      attack,
      says: notTheKey,
      stdin: `${secret}\n`,
    });
  });

  test("that of another property, and that of an older value of the same one", async () => {
    const name = await scene.machine(walter, { secrets: { a: `${secret} 1`, b: `${secret} b` } });
    await scene.does(walter, [name, "-pe", "a"], `${secret} 2`);
    for (const wrapped of [scene.wrapped(name, "b", walter), scene.wrapped(name, "a", walter, 2)]) {
      await scene.refuses(walter, [name, "+joe", "--yes"], { attack: putKey("a", wrapped), says: notTheKey });
    }
  });

  test("a wrapped key with foreign packets, or none", async () => {
    const name = await scene.machine(walter, { secrets: { a: `${secret} a` } });
    const key = Buffer.from(scene.wrapped(name, "a", walter), "base64");
    const twice = Buffer.concat([key, key]).toString("base64");
    await scene.refuses(walter, [name, "+joe"], { attack: putKey("a", twice), says: /cannot be used/ });
    const none = onObject((detail) => {
      detail.wrappedKeys = [];
    });
    await scene.refuses(walter, [name, "+joe"], { attack: none, says: /withholds your wrapped key/ });
  });

  test("two wrapped keys of one property: the wrong one first", async () => {
    const own = await scene.machine(walter, { secrets: { root: `${secret} root` } });
    const name = await scene.machine(walter, { secrets: { a: `${secret} a` } });
    const attack = onObject((detail) => {
      detail.wrappedKeys.unshift({
        property: "a",
        key: keyOf(walter),
        wrapped: scene.wrapped(own, "root", walter),
      });
    });
    await scene.refuses(walter, [name, "+joe"], { attack, says: notTheKey });
  });

  test("an honest grant wraps to the newcomer alone, and sends no body", async () => {
    const name = await scene.machine(walter, { secrets: { a: `${secret} a` } });
    await scene.does(walter, [name, "+ann"]);
    const commit = JSON.parse(the(scene.server.commits.at(-1))) as CommitRequest;
    expect(the(commit.changes[0]).values).toEqual([]);
    expect(the(commit.changes[0]).wrappedKeys.map(({ property, key }) => ({ property, key }))).toEqual([
      { property: "a", key: keyOf(ann) },
      { property: "password", key: keyOf(ann) },
    ]);
    expect((await scene.does(ann, [name, "-pg", "a"])).text).toBe(`${secret} a`);
  });
});

test("the manifest that a client signs is the one whose digests it computed", async () => {
  const name = await scene.machine(walter, { secrets: { a: `${secret} a` } });
  const manifest = scene.manifest(name, 2);
  expect(manifest.previous).toBe(digestOf(scene.revision(name, 1).manifest));
  const key: TestKey = the(walter.keys[0]);
  expect(manifest.author).toEqual({ user: "walter", key: openpgpFingerprint(key.fingerprint) });
});
