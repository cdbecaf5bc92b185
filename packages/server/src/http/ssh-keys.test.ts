import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { have } from "@pstore/core/api/have";
import type { LoginRequest } from "@pstore/core/api/schemas";
import { commitOf, commitText } from "@pstore/core/commit";
import { isSsh } from "@pstore/core/fingerprint";
import { bytesOfKey } from "@pstore/core/keys/stored";
import { loginText } from "@pstore/core/login";
import { encodeManifest } from "@pstore/core/manifest";
import fc from "fast-check";
import { addKey, removeKey } from "../services/keys.ts";
import { actor, bytes, type Draft, TestStore, type TestUser } from "../store-for-tests.ts";

// Users known by a key of OpenSSH: what of the API is other for them than for users with OpenPGP keys.

let store: TestStore;
/** With OpenPGP. */
let joe: TestUser;
let rsa: TestUser;
let ed: TestUser;
/** Write-only. */
let host: TestUser;
let rsasToken: string;
let hostsToken: string;

const base64 = (some: Uint8Array) => Buffer.from(some).toString("base64");

beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe");
  rsa = await store.addSshUser("rsa", "rsa");
  ed = await store.addSshUser("ed", "ed25519");
  host = await store.addSshUser("host", "ed25519", { writeOnly: true });
  rsasToken = await store.signIn(rsa);
  hostsToken = await store.signIn(host);
});
afterAll(() => store.close());

const post = (json: unknown) => store.call("POST", "/session", { json });

/** A machine of rsa's with all others, and a secret. */
async function machine(name: string): Promise<{ draft: Draft; sessionKey: Uint8Array }> {
  const draft = store.draft(rsa, name, {
    joe: [joe, "read"],
    ed: [ed, "write"],
    host: [host, "write"],
  });
  const sessionKey = await store.putSecret(draft, "password", bytes("s3cret"));
  await store.committed(rsasToken, draft);
  return { draft, sessionKey };
}

describe("a sign-in", () => {
  test("is by an SSHSIG signature of the key, for signing in, over the right text", async () => {
    for (const user of [rsa, ed, host]) expect((await post(await store.login(user))).status).toBe(200);
    const login = await store.login(ed);
    const text = loginText({ ...login, key: ed.key, store: store.store.id });
    const wrong: Record<string, LoginRequest> = {
      "made for commits": { ...login, signature: store.sign(ed.key, text, "commit") },
      "over another text": { ...login, signature: store.sign(ed.key, `${text}x`, "login") },
      "by another SSH key": { ...login, signature: store.sign(rsa.key, text, "login") },
      "by an OpenPGP key": { ...login, signature: store.sign(joe.key, text, "login") },
      "of an SSH key where an OpenPGP key is named": { ...(await store.login(joe, { signAs: ed.key })) },
      "for another user's key": await store.login({ name: "joe", key: ed.key }),
    };
    for (const [what, json] of Object.entries(wrong))
      expect([what, (await post(json)).body.code]).toEqual([what, "sign-in-refused"]);
    expect((await post(login)).status).toBe(200);
  });

  test("ends with the key, and is there again when it is registered again", async () => {
    const token = await store.signIn(ed);
    await removeKey(store.db, actor, ed.key);
    expect((await store.call("GET", "/objects", { token })).status).toBe(401);
    expect((await post(await store.login(ed))).status).toBe(401);
    await addKey(store.db, actor, { user: "ed", block: ed.block, writeOnly: false, description: "" });
    expect((await post(await store.login(ed))).status).toBe(200);
  });

  test("with an unknown key is refused as with a wrong one, though its signature is right", async () => {
    for (const type of ["rsa", "ed25519"] as const) {
      const { key } = await store.makeSshKey(type, "");
      const answer = await post(await store.login({ name: "ed", key }));
      expect([answer.status, answer.body.code]).toEqual([401, "sign-in-refused"]);
      const { detail } = (await store.audit()).at(-1) ?? {};
      expect(detail).toBe(`the key ${key} is none of this user's`);
    }
  });

  test.each(["rsa", "ed25519"] as const)(
    "is looked into as far for an unknown key as for a known one (%s)",
    async (type) => {
      const known = await store.addSshKey("ed", type);
      const { key: unknown } = await store.makeSshKey(type, "");
      const { key: other } = await store.makeSshKey(type, "");
      // The log says where the work ended; how long it took is too short to be measured here.
      const reason = async (key: TestUser["key"], signAs: TestUser["key"]) => {
        const login = await store.login({ name: "ed", key }, { signature: store.sign(signAs, "x", "login") });
        expect((await post(login)).status).toBe(401);
        return ((await store.audit()).at(-1)?.detail ?? "").replace(/ssh:SHA256:\S+/, "K");
      };
      for (const key of [known.key, unknown]) {
        expect(await reason(key, key)).toEndWith("it was not made over this by the key K");
        expect(await reason(key, other)).toEndWith("it was not made by the key K");
        expect(await reason(key, joe.key)).toEndWith("it is no SSH signature (SSHSIG)");
      }
    },
  );

  test("with garbage in the form of a signature is refused, and nothing more", async () => {
    const login = await store.login(rsa);
    const right = Buffer.from(login.signature, "base64");
    const altered = fc
      .tuple(fc.nat(right.length - 1), fc.uint8Array({ minLength: 1, maxLength: 8 }))
      .map(([at, put]) => Buffer.concat([right.subarray(0, at), put, right.subarray(at + put.length)]))
      .filter((blob) => !blob.equals(right));
    const cut = fc.nat(right.length - 1).map((length) => right.subarray(0, length));
    const made = fc
      .uint8Array({ maxLength: 400 })
      .map((tail) => Buffer.concat([Buffer.from("SSHSIG"), tail]));
    const named = fc.constantFrom<string>(
      rsa.key,
      ed.key,
      joe.key,
      `ssh:SHA256:${"A".repeat(43)}`,
      "ssh:",
      "x",
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(altered, cut, made), named, async (blob, key) => {
        const answer = await post({ ...login, key, signature: base64(blob) });
        expect([answer.status, answer.body.code]).toEqual([401, "sign-in-refused"]);
      }),
      { numRuns: 400 },
    );
    expect((await post(login)).status).toBe(200);
  });
});

describe("a commit", () => {
  test("by an SSH key reaches all members, each with wrapped keys of their key's type", async () => {
    const { sessionKey } = await machine("shared");
    const edsToken = await store.signIn(ed);
    const { body } = await store.call("GET", "/object?name=shared", { token: edsToken });
    expect(body.wrappedKeys.map((one: { key: string }) => one.key)).toEqual([ed.key]);
    const wrapped = Uint8Array.from(Buffer.from(body.wrappedKeys[0].wrapped, "base64"));
    expect(await (await store.privateKey(ed.key)).unwrap(wrapped)).toEqual(sessionKey);
    expect((await store.call("GET", "/check", { token: edsToken })).status).toBe(403);
  });

  test("is signed for being a commit, by the key that it names", async () => {
    const draft = store.draft(rsa, "signed");
    const request = store.request([draft]);
    const commit = commitText(commitOf(store.store.id, [encodeManifest(draft.manifest)]));
    for (const signature of [
      store.sign(rsa.key, commit, "login"),
      store.sign(ed.key, commit, "commit"),
      store.sign(joe.key, commit, "commit"),
      store.sign(rsa.key, `${commit} `, "commit"),
    ]) {
      const json = { ...request, signature };
      const answer = await store.call("POST", "/commits", { token: rsasToken, json });
      expect([answer.status, answer.body.code]).toEqual([400, "bad-signature"]);
    }
    expect((await store.call("POST", "/commits", { token: rsasToken, json: request })).status).toBe(200);
  });

  test("with garbage in the form of a signature is refused as such", async () => {
    const request = store.request([store.draft(rsa, "garbage")]);
    const right = Buffer.from(request.signature, "base64");
    await fc.assert(
      fc.asyncProperty(fc.nat(right.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const blob = Uint8Array.from(right);
        blob[at] = (blob[at] ?? 0) ^ by;
        const json = { ...request, signature: base64(blob) };
        const answer = await store.call("POST", "/commits", { token: rsasToken, json });
        expect([answer.status, answer.body.code]).toEqual([400, "bad-signature"]);
      }),
      { numRuns: 200 },
    );
  });

  test("brings for each key just one wrapped key, of its type and for it", async () => {
    const make = async (change: (draft: Draft) => void) => {
      const draft = store.draft(rsa, "wrapped", { joe: [joe, "read"], ed: [ed, "read"] });
      await store.putSecret(draft, "password", bytes("s3cret"));
      change(draft);
      const answer = await store.commit(rsasToken, draft);
      return [answer.status, answer.body.code];
    };
    const of = (draft: Draft, { key }: TestUser) => {
      const found = draft.wrappedKeys.find((one) => one.key === key);
      if (found === undefined) throw new Error("it is wrapped to every member");
      return found;
    };
    const altered = (text: string, alter: (age: Buffer) => Buffer) =>
      base64(alter(Buffer.from(text, "base64")));
    const changes: Record<string, (draft: Draft) => void> = {
      "an OpenPGP one for an SSH key": (draft) => {
        of(draft, ed).wrapped = of(draft, joe).wrapped;
      },
      "an age file for an OpenPGP key": (draft) => {
        of(draft, joe).wrapped = of(draft, ed).wrapped;
      },
      "for another SSH key": (draft) => {
        of(draft, ed).wrapped = of(draft, rsa).wrapped;
      },
      "none at all": (draft) => {
        draft.wrappedKeys = draft.wrappedKeys.filter((one) => one.key !== ed.key);
      },
      "an empty one": (draft) => {
        of(draft, ed).wrapped = "";
      },
      "one and something behind it": (draft) => {
        of(draft, ed).wrapped = altered(of(draft, ed).wrapped, (age) => Buffer.concat([age, age]));
      },
      "one that is cut": (draft) => {
        of(draft, rsa).wrapped = altered(of(draft, rsa).wrapped, (age) => age.subarray(0, -1));
      },
      "a stanza more": (draft) => {
        of(draft, ed).wrapped = altered(of(draft, ed).wrapped, (age) =>
          Buffer.from(age.toString("latin1").replace("\n-> ", "\n-> x y\nAAAA\n-> "), "latin1"),
        );
      },
    };
    for (const [what, change] of Object.entries(changes))
      expect([what, ...(await make(change))]).toEqual([what, 400, "bad-wrapped-key"]);
    expect((await make(() => {}))[0]).toBe(200);
  });

  test("with garbage for a wrapped key is refused, or taken where only the key's holder could tell", async () => {
    const right = async () => {
      const draft = store.draft(rsa, crypto.randomUUID(), { ed: [ed, "read"] });
      await store.putSecret(draft, "password", bytes("s3cret"));
      const own = draft.wrappedKeys.find((one) => one.key === ed.key);
      if (own === undefined) throw new Error("it is wrapped to ed");
      return { draft, own, age: Buffer.from(own.wrapped, "base64") };
    };
    const made = await right();
    const answers = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.nat(1000), fc.uint8Array({ maxLength: 3 }), fc.nat(3), async (seed, put, drop) => {
        const at = seed % (made.age.length + 1);
        const garbage = Buffer.concat([made.age.subarray(0, at), put, made.age.subarray(at + drop)]);
        made.own.wrapped = base64(garbage);
        // The same manifest may be committed once: what was taken is followed by another.
        const answer = await store.commit(rsasToken, made.draft);
        answers.add(`${answer.status} ${answer.body.code ?? ""}`);
        if (answer.status === 200) Object.assign(made, await right());
        expect([200, 400]).toContain(answer.status);
      }),
      { numRuns: 150 },
    );
    expect([...answers].sort()).toEqual(["200 ", "400 bad-wrapped-key"]);
  });

  test("lists an SSH key as wrapped to itself, or as write-only", async () => {
    const list = async (user: TestUser, keys: TestUser["keys"]) => {
      const draft = store.draft(rsa, "listed");
      const members = new Map(draft.manifest.members).set(user.name, { access: "read" as const, keys });
      draft.manifest = { ...draft.manifest, members };
      const { body } = await store.commit(rsasToken, draft);
      return body.detail;
    };
    expect(await list(ed, new Map([[ed.key, null]]))).toContain(
      "is a reading key, but is listed as write-only",
    );
    expect(await list(host, new Map([[host.key, host.key]]))).toContain("is write-only");
    expect(await list(ed, new Map([[ed.key, rsa.key]]))).toContain("wraps to a foreign key");
  });
});

test("a write-only SSH key sets a password, and is refused reading it", async () => {
  const { draft } = await machine("of a host");
  const next = store.next(draft, host);
  await store.putSecret(next, "password", bytes("set by the host"));
  await store.committed(hostsToken, next);
  const { body } = await store.call("GET", "/object?name=of%20a%20host&value=password", {
    token: hostsToken,
  });
  expect([body.wrappedKeys, body.values]).toEqual([[], []]);
  const { id } = draft.manifest.object;
  const value = await store.call("GET", `/objects/${id}/value?property=password&revision=2`, {
    token: hostsToken,
  });
  expect([value.status, value.body.code]).toEqual([403, "forbidden"]);
  const kept = await store.call("GET", `/objects/${id}/kept?property=password`, { token: hostsToken });
  expect(kept.body.values.flatMap((one: { wrappedKeys: object[] }) => one.wrappedKeys)).toEqual([]);
  const wrapped = await store.db.selectFrom("wrapped_keys").select("fingerprint").distinct().execute();
  expect(wrapped.map((row) => row.fingerprint)).not.toContain(host.key);
});

test("a session by a write-only SSH key reads nothing with the user's other key either", async () => {
  const reading = await store.addSshUser("both", "ed25519");
  const writeOnly = await store.addSshKey("both", "ed25519", true);
  const both = { ...reading, keys: new Map([...reading.keys, ...writeOnly.keys]) };
  const draft = store.draft(rsa, "two keys", { both: [both, "write"] });
  await store.putSecret(draft, "password", bytes("s3cret"));
  await store.committed(rsasToken, draft);
  const wrappedFor = async (user: TestUser) => {
    const token = await store.signIn(user);
    const { body } = await store.call("GET", "/object?name=two%20keys&value=password", { token });
    return [body.wrappedKeys.map((one: { key: string }) => one.key), body.values.length];
  };
  expect(await wrappedFor(reading)).toEqual([[reading.key], 1]);
  expect(await wrappedFor(writeOnly)).toEqual([[], 0]);
});

test("an SSH key is served as its line, and not to who has it", async () => {
  const { body } = await store.call("GET", "/users?name=rsa", { token: rsasToken });
  const [key] = body.users[0].keys;
  expect(key).toEqual({
    fingerprint: rsa.key,
    publicKey: Buffer.from(rsa.block).toString().trimEnd(),
    writeOnly: false,
    removed: false,
    description: "",
  });
  const held = have(rsa.key, bytesOfKey(key.publicKey));
  const path = (digest: string) => `/object?name=shared&keys=members&have=${encodeURIComponent(digest)}`;
  const keysOf = async (digest: string): Promise<(string | null)[]> => {
    const { body: shown } = await store.call("GET", path(digest), { token: rsasToken });
    const users: { keys: { fingerprint: typeof rsa.key; publicKey: string | null }[] }[] = shown.users;
    const keys = users.flatMap((user) => user.keys).filter((one) => isSsh(one.fingerprint));
    return keys.filter((one) => one.fingerprint === rsa.key).map((one) => one.publicKey);
  };
  expect(await keysOf(held)).toEqual([null]);
  expect(await keysOf(have(rsa.key, bytes("another")))).toEqual([key.publicKey]);
});
