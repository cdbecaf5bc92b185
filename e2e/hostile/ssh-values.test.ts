// What a hostile server can do to wrapped keys and signatures of SSH keys: the client shows the bytes that were signed for
// the place that was asked for, or nothing.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { apiPath, type CommitRequest, type LoginRequest, type ObjectDetail } from "@pstore/core/api/schemas";
import { commitOf, commitText } from "@pstore/core/commit";
import type { Fingerprint } from "@pstore/core/fingerprint";
import { readUserKey } from "@pstore/core/keys/user-key";
import { wrapFor } from "@pstore/core/keys/wrapped-key";
import { loginText } from "@pstore/core/login";
import { encodeManifest, type Manifest } from "@pstore/core/manifest";
import type { Account } from "../support/account.ts";
import { flipped, following, leakedSessionKey, onObject, Scene, signWith, the } from "../support/hostile.ts";
import { succeed } from "../support/process.ts";
import { sessionToken } from "../support/session-token.ts";
import { generateSshKey, namespaceOf, type SshTestKey, signArmored, signBlob } from "../support/ssh-key.ts";
import { addSshUser, type SshUser } from "../support/ssh-user.ts";
import type { User } from "../support/team.ts";

const { secret } = Scene;
const notTheKey = /is not the key of that value/;
const damaged = /the wrapped key/;

let scene: Scene;
let walter: User;
/** Has `ssh-rsa`. */
let sara: SshUser;
/** Has `ssh-ed25519`. */
let eddy: SshUser;
/** A key of the attacker's. */
let foreign: SshTestKey;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp("/tmp/p-");
  foreign = await generateSshKey(join(folder, "foreign"), { type: "ed25519" });
  scene = await Scene.make("walter", "joe");
  walter = scene.user("walter");
  sara = await scene.lead(await addSshUser(scene.team, "sara", { type: "rsa", bits: 2048 }));
  eddy = await scene.lead(await addSshUser(scene.team, "eddy", { type: "ed25519" }));
}, 60_000);
afterAll(async () => {
  await scene?.dispose();
  await rm(folder, { recursive: true, force: true });
});

const bytesOf = (base64: string) => Buffer.from(base64, "base64");
const sessionKeyOf = (name: string, property: string) =>
  leakedSessionKey(walter, scene.wrapped(name, property, walter));

/** Puts another wrapped key in the place of a property's. */
const putKey = (property: string, wrapped: Uint8Array) =>
  onObject((detail) => {
    the(detail.wrappedKeys.find((one) => one.property === property)).wrapped =
      Buffer.from(wrapped).toString("base64");
  });

/** What the real `age` makes for the public keys given. */
async function age(payload: Uint8Array<ArrayBuffer>, recipients: readonly string[], ...options: string[]) {
  const file = join(folder, "recipients");
  await writeFile(file, recipients.map((line) => `${line}\n`).join(""));
  return Buffer.from((await succeed(["age", "-R", file, ...options], { stdin: payload })).stdout);
}

describe.each([
  ["ssh-rsa", () => sara],
  ["ssh-ed25519", () => eddy],
] as const)(
  "a wrapped key for a key of %s opens the value that it was made for, and no other",
  (kind, of) => {
    let reader: SshUser;
    /** Shared with the reader: two secrets. */
    let web: string;
    /** The reader's as well. */
    let db: string;

    beforeAll(async () => {
      reader = of();
      web = await scene.machine(walter, {
        with: [reader.name],
        secrets: { a: `${secret} a`, b: `${secret} b` },
      });
      db = await scene.machine(walter, {
        with: [reader.name],
        secrets: { a: `${secret} of another machine` },
      });
      await scene.does(reader, [web, "-pg", "a"]);
    });

    const own = () => bytesOf(scene.wrapped(web, "a", reader));

    /** It is neither read with such a wrapped key, nor is that handed on to somebody else. */
    async function refused(wrapped: Uint8Array, says: RegExp): Promise<void> {
      const attack = putKey("a", wrapped);
      await scene.refuses(reader, [web, "-pg", "a"], { attack, says });
      await scene.refuses(reader, [web, "+joe", "--yes"], { attack, says });
    }

    test("an honest one is an age file, which age opens, and one that age made is opened", async () => {
      const sessionKey = Buffer.from(await sessionKeyOf(web, "a"));
      await writeFile(join(folder, "wrapped"), own());
      const opened = await succeed(["age", "-d", "-i", reader.ssh.file, join(folder, "wrapped")]);
      expect(Buffer.from(opened.stdout)).toEqual(sessionKey);
      const ofAge = await age(Uint8Array.from(sessionKey), [reader.ssh.line]);
      expect(ofAge.equals(own())).toBe(false);
      const { text, code } = await scene.under(putKey("a", ofAge), reader, [web, "-pg", "a"]);
      expect({ code, text }).toEqual({ code: 0, text: `${secret} a` });
    });

    test("that of another property, of another machine, of an older value", async () => {
      await refused(bytesOf(scene.wrapped(web, "b", reader)), notTheKey);
      await refused(bytesOf(scene.wrapped(db, "a", reader)), notTheKey);
      const name = await scene.machine(walter, { with: [reader.name], secrets: { a: `${secret} old` } });
      await scene.does(walter, [name, "-pe", "a", "--yes"], `${secret} new`);
      const attack = putKey("a", bytesOf(scene.wrapped(name, "a", reader, 2)));
      await scene.refuses(reader, [name, "-pg", "a"], { attack, says: notTheKey });
    });

    test("one around a session key of the attacker's making", async () => {
      const publicKey = await readUserKey(reader.ssh.line);
      await refused(
        await wrapFor(publicKey, reader.key, crypto.getRandomValues(new Uint8Array(32))),
        notTheKey,
      );
    });

    test("a bit flipped, wherever", async () => {
      const wrapped = own();
      const header = wrapped.indexOf("\n---") + 1;
      const payload = wrapped.indexOf("\n", header) + 1;
      const places = {
        version: 20,
        "stanza's type": wrapped.indexOf("ssh-") + 5,
        "stanza's tag": wrapped.indexOf(kind) + kind.length + 2,
        "stanza's body": header - 10,
        "header's code": header + 10,
        nonce: payload + 3,
        payload: payload + 20,
        "payload's code": wrapped.length - 1,
        ...(kind === "ssh-ed25519" && { "ephemeral share": wrapped.indexOf(kind) + kind.length + 15 }),
      };
      for (const at of Object.values(places)) await refused(flipped(wrapped, at), damaged);
    }, 60_000);

    test("cut off, wherever, or with something behind it", async () => {
      const wrapped = own();
      const header = wrapped.indexOf("\n---") + 1;
      for (const length of [0, 1, 22, header - 1, header, wrapped.length - 17, wrapped.length - 1])
        await refused(wrapped.subarray(0, length), /wrapped key|cannot be used/);
      for (const more of [Buffer.from([0]), Buffer.from("\n"), wrapped])
        await refused(Buffer.concat([wrapped, more]), damaged);
    }, 60_000);

    test("for two keys, for another key, for no SSH key, in armor, around 31 or 33 bytes", async () => {
      const sessionKey = Uint8Array.from(await sessionKeyOf(web, "a"));
      const other = foreign.line;
      const { text: identity } = await succeed(["age-keygen"]);
      const x25519 = the(/public key: (age1\S+)/.exec(identity)?.[1]);
      for (const wrapped of [
        await age(sessionKey, [reader.ssh.line, other]),
        await age(sessionKey, [other, reader.ssh.line]),
        await age(sessionKey, [reader.ssh.line, x25519]),
        await age(sessionKey, [other]),
        await age(sessionKey, [x25519]),
        await age(sessionKey, [reader.ssh.line], "--armor"),
        await age(sessionKey.slice(0, 31), [reader.ssh.line]),
        await age(Uint8Array.from([...sessionKey, 0]), [reader.ssh.line]),
      ])
        await refused(wrapped, /wrapped key|not encrypted to any private key/);
    }, 60_000);

    test("another key's of the store, and one of OpenPGP", async () => {
      const other = reader === sara ? eddy : sara;
      const name = await scene.machine(walter, { with: ["sara", "eddy"], secrets: { a: `${secret} a` } });
      for (const user of [other, walter]) {
        const attack = putKey("a", bytesOf(scene.wrapped(name, "a", user)));
        await scene.refuses(reader, [name, "-pg", "a"], { attack, says: /wrapped key|not encrypted to/ });
      }
      const packet = bytesOf(scene.wrapped(name, "a", walter));
      await refused(Buffer.concat([packet, own()]), /wrapped key|not encrypted to/);
      await refused(Buffer.concat([own(), packet]), damaged);
      // Nor does a user of gpg take an age file.
      const attack = putKey("a", bytesOf(scene.wrapped(name, "a", reader)));
      await scene.refuses(walter, [name, "-pg", "a"], { attack, says: /wrapped key|not encrypted to/ });
    });

    test("none at all", async () => {
      const attack = onObject((detail) => {
        detail.wrappedKeys = [];
      });
      await scene.refuses(reader, [web, "-pg", "a"], { attack, says: /withholds your wrapped key/ });
    });
  },
);

/** Signatures over a commit that are not what they should be, each by a key that could make a right one. */
const forgeries: readonly [what: string, make: (commit: string) => Promise<string>][] = [
  ["made to sign in", (commit) => signBlob(eddy.ssh, commit, namespaceOf("login"))],
  ["made for a file", (commit) => signBlob(eddy.ssh, commit, "file")],
  ["made for what begins like a commit", (commit) => signBlob(eddy.ssh, commit, "pstore-commit2")],
  ["by another key", (commit) => signBlob(foreign, commit, namespaceOf("commit"))],
  ["by a key of another user", (commit) => signBlob(sara.ssh, commit, namespaceOf("commit"))],
  ["over another text", (commit) => signBlob(eddy.ssh, `${commit}\n`, namespaceOf("commit"))],
  [
    "in its armor",
    async (commit) =>
      Buffer.from(await signArmored(eddy.ssh, commit, namespaceOf("commit"))).toString("base64"),
  ],
  [
    "cut off",
    async (commit) =>
      bytesOf(await right(commit))
        .subarray(0, -1)
        .toString("base64"),
  ],
  [
    "with a byte behind it",
    async (commit) => Buffer.concat([bytesOf(await right(commit)), Buffer.from([0])]).toString("base64"),
  ],
  [
    "with another bit",
    async (commit) => {
      const bytes = bytesOf(await right(commit));
      return flipped(bytes, bytes.length - 5).toString("base64");
    },
  ],
  [
    "without its frame",
    async (commit) =>
      bytesOf(await right(commit))
        .subarray(-64)
        .toString("base64"),
  ],
  ["of OpenPGP", (commit) => signWith(walter.gnupg, walter.fingerprint, commit)],
  ["that is empty", async () => ""],
];
const right = (commit: string) => signBlob(eddy.ssh, commit, namespaceOf("commit"));

describe("a commit stands by the signature of the very key that its manifests name, made for commits", () => {
  let name: string;
  let next: { readonly manifest: string; readonly commit: string };

  beforeAll(async () => {
    name = await scene.machine(eddy, { with: ["walter", "sara"], secrets: { a: `${secret} a` } });
    for (const user of [walter, sara]) await scene.does(user, [name, "-pg", "a"]);
    const before = scene.manifest(name, 2);
    const manifest = encodeManifest(following(before, eddy, { properties: withoutPassword(before) }));
    next = { manifest, commit: commitText(commitOf(before.store, [manifest])) };
  });

  const withoutPassword = ({ properties }: Manifest) =>
    new Map([...properties].filter(([property]) => property !== "password"));

  const giveNext = (signature: string) =>
    onObject((detail: ObjectDetail) => {
      detail.revision = { ...next, signature, index: 0, path: [] };
    });

  test("an honest one is taken, by who has seen the machine and by who has not", async () => {
    const attack = giveNext(await right(next.commit));
    for (const user of [walter, sara]) {
      const env = scene.newcomer(user);
      const { code, text } = await scene.under(attack, user, [name, "-pg", "a"], { env });
      expect({ code, text }).toEqual({ code: 0, text: `${secret} a` });
    }
  });

  test.each(forgeries)("a signature %s is refused by clients", async (_what, make) => {
    const attack = giveNext(await make(next.commit));
    for (const user of [walter, sara])
      for (const env of [{}, scene.newcomer(user)])
        await scene.refuses(user, [name, "-pg", "a"], { attack, env, says: /signature|signed/ });
  });

  test.each(forgeries)("a signature %s is refused by the server", async (_what, make) => {
    const { manifest, commit } = next;
    const changes = [{ manifest, values: [], wrappedKeys: [] }];
    const request: CommitRequest = { commit, signature: await make(commit), changes };
    await scene.does(eddy, []);
    const answer = await post("/commits", request, eddy);
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([400, "bad-signature"]);
  });

  test("an honest one is taken by the server", async () => {
    const { manifest, commit } = next;
    const changes = [{ manifest, values: [], wrappedKeys: [] }];
    const answer = await post("/commits", { commit, signature: await right(commit), changes }, eddy);
    expect(answer.status).toBe(200);
  });
});

describe("whoever has two keys signs with the one that is named", () => {
  test("a commit and a login by the other one are refused", async () => {
    const twice = await addSshUser(scene.team, "twice", { type: "ed25519" });
    const other = await generateSshKey(join(twice.home, ".ssh/other"), { type: "ed25519" });
    await scene.lead(twice, ...[twice.ssh, other].map(({ file }) => `--identity=${file}`));
    await scene.team.server.addKey("twice", other.line);
    const name = await scene.machine(twice, { with: ["walter"], secrets: { a: `${secret} a` } });
    await scene.does(walter, [name, "-pg", "a"]);
    const before = scene.manifest(name, 2);
    expect([...the(before.members.get("twice")).keys.keys()].sort()).toEqual(
      [twice.key, other.fingerprint].sort(),
    );
    const manifest = encodeManifest(following(before, twice));
    const commit = commitText(commitOf(before.store, [manifest]));
    const signature = await signBlob(other, commit, namespaceOf("commit"));
    const attack = onObject((detail) => {
      detail.revision = { manifest, commit, signature, index: 0, path: [] };
    });
    for (const env of [{}, scene.newcomer(walter)])
      await scene.refuses(walter, [name, "-pg", "a"], { attack, env, says: /signature|signed/ });
    const changes = [{ manifest, values: [], wrappedKeys: [] }];
    const answer = await post("/commits", { commit, signature, changes }, twice);
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([400, "bad-signature"]);
    expect(await signsIn(twice, (text) => signBlob(other, text, namespaceOf("login")))).toBe(401);
    // The same one is good under its own name.
    expect(
      await signsIn(twice, (text) => signBlob(other, text, namespaceOf("login")), other.fingerprint),
    ).toBe(200);
  });
});

describe("a login stands by a signature that was made for logins", () => {
  test("an honest one signs in", async () => {
    for (const user of [eddy, sara])
      expect(await signsIn(user, (text) => signBlob(user.ssh, text, namespaceOf("login")))).toBe(200);
    const sha256 = (text: string) => signBlob(sara.ssh, text, namespaceOf("login"), "-O", "hashalg=sha256");
    expect(await signsIn(sara, sha256)).toBe(200);
  });

  test.each([
    ["made for commits", (text: string) => signBlob(eddy.ssh, text, namespaceOf("commit"))],
    ["made for a file", (text: string) => signBlob(eddy.ssh, text, "file")],
    ["by another key", (text: string) => signBlob(foreign, text, namespaceOf("login"))],
    [
      "in its armor",
      async (text: string) =>
        Buffer.from(await signArmored(eddy.ssh, text, namespaceOf("login"))).toString("base64"),
    ],
    ["of OpenPGP", (text: string) => signWith(walter.gnupg, walter.fingerprint, text)],
  ] as const)("a signature %s does not", async (_what, sign) => {
    expect(await signsIn(eddy, sign)).toBe(401);
  });
});

function post(path: string, json: unknown, user: Account): Promise<Response> {
  return fetch(`${scene.team.server.url}${apiPath}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${sessionToken(user)}`, "content-type": "application/json" },
    body: JSON.stringify(json),
  });
}

/** @returns the status of a login that is right but perhaps for its signature */
async function signsIn(
  user: SshUser,
  sign: (text: string) => Promise<string>,
  key: Fingerprint = user.key,
): Promise<number> {
  const origin = scene.server.url;
  const get = async (path: string) => (await fetch(`${origin}${apiPath}${path}`)).json();
  const { id: store } = (await get("/store")) as { id: string };
  const { challenge } = (await get("/challenge")) as { challenge: string };
  const signature = await sign(loginText({ store, origin, user: user.name, key, challenge }));
  const request: LoginRequest = { user: user.name, key, origin, challenge, signature };
  const answer = await fetch(`${origin}${apiPath}/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  return answer.status;
}
