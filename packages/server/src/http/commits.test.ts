import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { have } from "@pstore/core/api/have";
import { apiPath, type User } from "@pstore/core/api/schemas";
import { commitOf, commitText } from "@pstore/core/commit";
import { digestOf } from "@pstore/core/digest";
import type { Fingerprint } from "@pstore/core/fingerprint";
import { encodeManifest } from "@pstore/core/manifest";
import { dearmor } from "@pstore/core/openpgp/armor";
import { sql } from "kysely";
import type { EngineName } from "../database/store-database.ts";
import { changeState } from "../services/accounts.ts";
import { removeKey } from "../services/keys.ts";
import { defaultSizeLimits } from "../services/limits/sizes.ts";
import { actor, bytes, type Draft, origin, TestStore, type TestUser } from "../store-for-tests.ts";

let store: TestStore;
let joe: TestUser;
let ann: TestUser;
let host: TestUser;
let joesToken: string;
let annsToken: string;
let hostsToken: string;

beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe");
  ann = await store.addUser("ann");
  host = await store.addUser("host", { writeOnly: true });
  joesToken = await store.signIn(joe);
  annsToken = await store.signIn(ann);
  hostsToken = await store.signIn(host);
});
afterAll(() => store.close());

/** A machine of joe's that ann reads, with a password and a public property. */
async function machine(name: string): Promise<{ draft: Draft; sessionKey: Uint8Array }> {
  const draft = store.draft(joe, name, { ann: [ann, "read"] });
  const sessionKey = await store.putSecret(draft, "password", bytes("s3cret"));
  store.putPublic(draft, "ip", bytes("192.0.2.7"));
  await store.committed(joesToken, draft);
  return { draft, sessionKey };
}

async function refused(token: string, status: number, sentence: string | RegExp, ...drafts: Draft[]) {
  const before = await store.db.selectFrom("commits").selectAll().execute();
  const answer = await store.commit(token, ...drafts);
  expect(answer.body.detail).toMatch(sentence);
  expect(answer.status).toBe(status);
  expect(answer.response.headers.get("content-type")).toBe("application/problem+json");
  expect(await store.db.selectFrom("commits").selectAll().execute()).toEqual(before);
}

test("a key is not sent to who has it in just this state", async () => {
  await machine("known");
  const path = "/object?name=known&keys=members";
  const ask = async (...held: string[]) => {
    const query = held.map((one) => `&have=${encodeURIComponent(one)}`).join("");
    const { body } = await store.call("GET", path + query, { token: joesToken });
    return new Map<string, string | null>(
      body.users.map((user: User) => [user.name, user.keys[0]?.publicKey ?? null]),
    );
  };
  const all = await ask();
  const [anns, joes] = [all.get("ann") ?? "", all.get("joe") ?? ""];
  expect(dearmor(anns).length).toBeGreaterThan(100);
  expect(await ask(have(ann.key, dearmor(anns)))).toEqual(
    new Map([
      ["ann", null],
      ["joe", joes],
    ]),
  );
  // Another state of it, or another key in the same state.
  expect(await ask(have(ann.key, dearmor(joes)), have(joe.key, dearmor(anns)))).toEqual(all);
});

test("a machine is created, shown and read", async () => {
  const { draft } = await machine("web1");
  const { status, body } = await store.call("GET", "/object?name=web1&value=password&keys=members", {
    token: annsToken,
  });
  expect(status).toBe(200);
  expect(body.access).toBe("read");
  expect(JSON.parse(body.revision.manifest).object.name).toBe("web1");
  const [password, ip] = draft.values;
  expect(body.values).toEqual([
    { property: "ip", bytes: ip && "inline" in ip ? ip.inline : "" },
    { property: "password", bytes: password && "inline" in password ? password.inline : "" },
  ]);
  expect(body.wrappedKeys).toEqual(draft.wrappedKeys.filter((one) => one.key === ann.key));
  expect(body.users.map((user: { name: string }) => user.name)).toEqual(["ann", "joe"]);

  const streamed = await store.call(
    "GET",
    `/objects/${draft.manifest.object.id}/value?property=ip&revision=1`,
    {
      token: annsToken,
    },
  );
  expect(
    Buffer.from(await streamed.response.arrayBuffer())
      .subarray(32)
      .toString(),
  ).toBe("192.0.2.7");
  expect(streamed.response.headers.get("content-length")).toBe("41");

  const log = await store.audit();
  const about = log
    .filter((row) => row.object_name === "web1")
    .map((row) => [row.user_name, row.action, row.property]);
  expect(about).toContainEqual(["joe", "create", ""]);
  expect(about).toContainEqual(["joe", "set", "password"]);
  expect(about).toContainEqual(["ann", "show", ""]);
  expect(about).toContainEqual(["ann", "read", "password"]);
  expect(about).toContainEqual(["ann", "read", "ip"]);
});

test("the same bytes again are answered the same, and change nothing", async () => {
  const draft = store.draft(joe, "twice");
  await store.putSecret(draft, "password", bytes("x"));
  const json = store.request([draft]);
  const answers = await Promise.all(
    [1, 2, 3].map(() => store.call("POST", "/commits", { token: joesToken, json })),
  );
  expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
  expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
  const rows = await store.db
    .selectFrom("revisions")
    .selectAll()
    .where("object_id", "=", draft.manifest.object.id)
    .execute();
  expect(rows).toHaveLength(1);
  const other = await store.call("POST", "/commits", { token: annsToken, json });
  expect(other.body.code).toBe("forbidden");
});

test("of commits that race from the same revision, one wins and the others are told", async () => {
  const { draft } = await machine("race");
  const nexts = Array.from({ length: 8 }, (_, number) => {
    const next = store.next(draft, joe);
    store.putPublic(next, `p${number}`, bytes("x"));
    return store.request([next]);
  });
  const answers = await Promise.all(
    nexts.map((json) => store.call("POST", "/commits", { token: joesToken, json })),
  );
  expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
  const losers = answers.filter((answer) => answer.status === 409);
  expect(losers).toHaveLength(7);
  expect(losers[0]?.body.detail).toContain("'race' was changed by joe meanwhile: it is at revision 2");
});

test("history comes in parts that fit in memory, at least one revision each", async () => {
  const draft = store.draft(joe, "long history");
  const { id } = draft.manifest.object;
  const padding = " ".repeat(3 * 1024 * 1024 - 4096);
  let previous: string | null = null;
  for (let revision = 1; revision <= 3; revision++) {
    const manifest = `${encodeManifest({ ...draft.manifest, revision, previous })}${padding}`;
    previous = digestOf(manifest);
    const commit = commitText(commitOf(store.store.id, [manifest]));
    const changes = [{ manifest, values: [], wrappedKeys: [] }];
    const json = { commit, signature: store.sign(joe.key, commit, "commit"), changes };
    expect((await store.call("POST", "/commits", { token: joesToken, json })).status).toBe(200);
  }
  const part = async (from: number) => {
    const { body } = await store.call("GET", `/objects/${id}/history?from=${from}`, { token: joesToken });
    return body.revisions.map((one: { manifest: string }) => JSON.parse(one.manifest).revision);
  };
  expect([await part(1), await part(3), await part(4)]).toEqual([[1, 2], [3], []]);
});

test("a name belongs to one machine at a time", async () => {
  await machine("name");
  await refused(joesToken, 409, "there is a machine 'name' already", store.draft(joe, "name"));
  const { draft } = await machine("other");
  const renamed = store.next(draft, joe, { object: { ...draft.manifest.object, name: "name" } });
  await refused(joesToken, 409, "there is a machine 'name' already", renamed);
  const racing = [store.draft(joe, "free"), store.draft(joe, "free")].map((one) => store.request([one]));
  const answers = await Promise.all(
    racing.map((json) => store.call("POST", "/commits", { token: joesToken, json })),
  );
  expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409]);
});

test("a deleted machine is gone by name, its signed deletion stays for its members, its name is free", async () => {
  const { draft } = await machine("doomed");
  await store.committed(joesToken, store.next(draft, joe, { deleted: true }));
  expect((await store.call("GET", "/object?name=doomed", { token: joesToken })).status).toBe(404);
  const { id } = draft.manifest.object;
  const history = await store.call("GET", `/objects/${id}/history?from=2`, { token: annsToken });
  expect(history.body.revisions).toHaveLength(1);
  expect(JSON.parse(history.body.revisions[0].manifest).deleted).toBe(true);
  await store.committed(joesToken, store.draft(joe, "doomed"));
});

test("what is deleted takes no wrapped keys, whoever they are for", async () => {
  const first = store.draft(joe, "deleted with keys");
  await store.committed(joesToken, first);
  const deletion = store.next(first, joe);
  await store.putSecret(deletion, "password", bytes("x"));
  const nobodys: Fingerprint = `openpgp:${"A".repeat(40)}`;
  const keys = new Map([...joe.keys, [nobodys, joe.subkey] as const]);
  const members = new Map([["joe", { access: "write" as const, keys }]]);
  deletion.manifest = { ...deletion.manifest, deleted: true, members };
  const wrapped = deletion.wrappedKeys[0]?.wrapped ?? "";
  deletion.wrappedKeys = [{ property: "password", key: nobodys, wrapped }];
  await refused(joesToken, 400, "which has no use for it", deletion);
});

test("several machines change in one commit, all or none", async () => {
  const drafts = ["many1", "many2", "many3"].map((name) => store.draft(joe, name));
  await store.committed(joesToken, ...drafts);
  const nexts = drafts.map((draft) => store.next(draft, joe));
  for (const next of nexts) store.putPublic(next, "x", bytes("1"));
  const [, , last] = nexts;
  if (last) last.manifest = { ...last.manifest, previous: "0".repeat(64) };
  await refused(joesToken, 409, "'many3' was changed", ...nexts);
  const shown = await store.call("GET", "/object?name=many1", { token: joesToken });
  expect(JSON.parse(shown.body.revision.manifest).revision).toBe(1);
  expect(shown.body.revision.path).toHaveLength(2);
});

test("only writers write, and others cannot tell what they may not see from what is not there", async () => {
  const { draft } = await machine("rights");
  const byAnn = store.next(draft, ann);
  store.putPublic(byAnn, "x", bytes("1"));
  await refused(annsToken, 403, "you may only read 'rights'", byAnn);
  const byHost = store.next(draft, host);
  await refused(hostsToken, 404, "there is no machine 'rights', or you have no access", byHost);
  const hidden = await store.call("GET", "/object?name=rights", { token: hostsToken });
  const missing = await store.call("GET", "/object?name=nothing", { token: hostsToken });
  expect(hidden.body.detail.replace("rights", "nothing")).toBe(missing.body.detail);
  expect(hidden.status).toBe(404);
  for (const path of ["history", "value?property=ip&revision=1"]) {
    const one = await store.call("GET", `/objects/${draft.manifest.object.id}/${path}`, {
      token: hostsToken,
    });
    expect(one.status).toBe(404);
  }
  const log = await store.audit();
  const refusals = log.filter((row) => row.user_name === "ann" && row.outcome === "forbidden");
  expect(
    refusals.some((row) => row.action === "commit" && row.detail.includes("may only read 'rights'")),
  ).toBe(true);
});

test("a commit in another's name, or signed by another's key, is refused", async () => {
  const draft = store.draft(joe, "forged");
  await refused(annsToken, 403, "the commit is by joe", draft);
  const json = store.request([draft], ann.key);
  const answer = await store.call("POST", "/commits", { token: joesToken, json });
  expect([answer.status, answer.body.code]).toEqual([400, "bad-signature"]);
  const stolen = { ...draft, manifest: { ...draft.manifest, author: { user: "joe", key: ann.key } } };
  await refused(joesToken, 422, "is not registered", stolen);
});

test("the signed text must cover the manifests that came with it", async () => {
  const [one, two] = [store.draft(joe, "cover1"), store.draft(joe, "cover2")];
  const json = { ...store.request([one]), changes: store.request([two]).changes };
  const answer = await store.call("POST", "/commits", { token: joesToken, json });
  expect(answer.body.detail).toContain("does not cover");
});

test("every encrypted property has exactly one wrapped key per reading key", async () => {
  const lacking = store.draft(joe, "wrapped", { ann: [ann, "read"] });
  await store.putSecret(lacking, "password", bytes("x"));
  const all = lacking.wrappedKeys;
  lacking.wrappedKeys = all.filter((one) => one.key !== ann.key);
  await refused(joesToken, 400, "lacks a wrapped key of 'password'", lacking);
  const [first] = all;
  if (first === undefined) throw new Error("nothing was wrapped");
  lacking.wrappedKeys = [...all, first];
  await refused(joesToken, 400, "twice", lacking);
  lacking.wrappedKeys = [...all, { ...first, property: "other" }];
  await refused(joesToken, 400, "which has no use for it", lacking);
  lacking.wrappedKeys = [...all, { ...first, key: host.key }];
  await refused(joesToken, 400, "which has no use for it", lacking);
  lacking.wrappedKeys = all.map((one) => ({ ...one, wrapped: first.wrapped }));
  await refused(joesToken, 400, "the wrapped key is for the key", lacking);
  lacking.wrappedKeys = all.map((one) => ({ ...one, wrapped: Buffer.from("evil").toString("base64") }));
  await refused(joesToken, 400, "wrapped key", lacking);
  lacking.wrappedKeys = all;
  await store.committed(joesToken, lacking);
});

test("a newcomer gets the present values, who was revoked loses all of them", async () => {
  const first = store.draft(joe, "grants");
  await store.putSecret(first, "password", bytes("old"));
  await store.committed(joesToken, first);
  const second = store.next(first, joe);
  const sessionKey = await store.putSecret(second, "password", bytes("new"));
  await store.committed(joesToken, second);

  const members = new Map(second.manifest.members).set("ann", { access: "read" as const, keys: ann.keys });
  const third = store.next(second, joe, { members });
  await refused(joesToken, 400, "lacks a wrapped key", third);
  await store.wrapFor(third, "password", sessionKey, ["ann"]);
  await store.committed(joesToken, third);
  const wrapped = async (key: string) =>
    (
      await store.db
        .selectFrom("wrapped_keys")
        .innerJoin("stored_values", "stored_values.id", "wrapped_keys.value_id")
        .select("stored_values.revision")
        .where("object_id", "=", first.manifest.object.id)
        .where("fingerprint", "=", key)
        .orderBy("revision")
        .execute()
    ).map((row) => row.revision);
  expect(await wrapped(joe.key)).toEqual([1, 2]);
  expect(await wrapped(ann.key)).toEqual([2]);

  const fourth = store.next(third, joe);
  await store.putSecret(fourth, "password", bytes("newer"));
  await store.committed(joesToken, fourth);
  expect(await wrapped(ann.key)).toEqual([2, 4]);
  const fifth = store.next(fourth, joe, { members: first.manifest.members });
  await store.committed(joesToken, fifth);
  expect(await wrapped(ann.key)).toEqual([]);
  expect(await wrapped(joe.key)).toEqual([1, 2, 4]);
  expect((await store.call("GET", "/object?name=grants", { token: annsToken })).status).toBe(404);

  // A restore brings the old entry back verbatim; joe's wrapped key of it is still there.
  const restored = store.next(fifth, joe, { properties: first.manifest.properties });
  await store.committed(joesToken, restored);
  const entry = first.manifest.properties.get("password");
  if (entry === undefined) throw new Error("no password");
  const bent = store.next(restored, joe);
  store.setProperty(bent, "password", { ...entry, revision: 2 });
  await refused(joesToken, 400, "is not the value that the revision it names has", bent);
});

test("values must be those that the manifest names", async () => {
  const draft = store.draft(joe, "values");
  store.putPublic(draft, "x", bytes("right"));
  const { values } = draft;
  draft.values = [{ property: "x", inline: Buffer.from("wrong").toString("base64") }];
  await refused(joesToken, 400, "are not those that its manifest names", draft);
  draft.values = [];
  await refused(joesToken, 400, "lacks the value of 'x'", draft);
  draft.values = [...values, { property: "y", inline: "" }];
  await refused(joesToken, 400, "does not take", draft);
  draft.values = [...values, ...values];
  await refused(joesToken, 400, "twice", draft);
  draft.values = [{ property: "x", upload: randomUUID() }];
  await refused(joesToken, 400, "no finished upload", draft);
  draft.values = values;
  await store.committed(joesToken, draft);
  const large = store.next(draft, joe);
  store.putPublic(large, "large", new Uint8Array(65_537));
  await refused(joesToken, 413, "upload it", large);
});

test("an upload belongs to its user and serves one commit", async () => {
  const large = new Uint8Array(3 * 1024 * 1024 + 5).fill(7);
  const id = randomUUID();
  const up = await store.call("PUT", `/uploads/${id}`, { token: annsToken, bytes: large });
  expect([up.status, up.body.size]).toEqual([200, large.length]);
  expect((await store.call("PUT", `/uploads/${id}`, { token: annsToken, bytes: large })).status).toBe(409);
  expect((await store.call("PUT", `/uploads/${id}`, { token: joesToken, bytes: large })).status).toBe(409);
  expect((await store.call("PUT", `/uploads/${id}`, { bytes: large })).status).toBe(401);

  const stolen = store.draft(joe, "upload");
  store.putPublic(stolen, "large", large, id);
  await refused(joesToken, 400, `no finished upload ${id} of yours`, stolen);

  const draft = store.draft(ann, "upload");
  store.putPublic(draft, "large", large, id);
  await store.committed(annsToken, draft);
  const path = `/objects/${draft.manifest.object.id}/value?property=large&revision=1`;
  const read = new Uint8Array(
    await (await store.call("GET", path, { token: annsToken })).response.arrayBuffer(),
  );
  expect(read.length).toBe(4 * 32 + large.length);
  expect(Buffer.from(read.subarray(4 * 32)).equals(large)).toBe(true);

  const again = store.next(draft, ann);
  store.putPublic(again, "copy", large, id);
  await refused(annsToken, 400, "no finished upload", again);

  store.limits = { ...defaultSizeLimits, maxUploadSize: 100 };
  const over = await store.call("PUT", `/uploads/${randomUUID()}`, { token: annsToken, bytes: large });
  store.limits = defaultSizeLimits;
  expect(over.status).toBe(413);
  expect(await store.db.selectFrom("uploads").selectAll().execute()).toEqual([]);
});

test("a write-only key writes values, changes no rights and reads nothing encrypted", async () => {
  const draft = store.draft(joe, "hosted", { host: [host, "write"] });
  await store.putSecret(draft, "password", bytes("x"));
  store.putPublic(draft, "ip", bytes("y"));
  await store.committed(joesToken, draft);
  const next = store.next(draft, host);
  await store.putSecret(next, "password", bytes("new"));
  await store.committed(hostsToken, next);
  const shown = await store.call("GET", "/object?name=hosted&value=password", { token: hostsToken });
  expect(shown.body.values.map((one: { property: string }) => one.property)).toEqual(["ip"]);
  expect(shown.body.wrappedKeys).toEqual([]);
  const path = (property: string, revision: number) =>
    `/objects/${draft.manifest.object.id}/value?property=${property}&revision=${revision}`;
  const secret = await store.call("GET", path("password", 2), { token: hostsToken });
  expect([secret.status, secret.body.detail]).toEqual([403, expect.stringContaining("write-only key")]);
  expect((await store.call("GET", path("ip", 1), { token: hostsToken })).status).toBe(200);
  for (const change of [
    { members: new Map(next.manifest.members).set("ann", { access: "read" as const, keys: ann.keys }) },
    { object: { ...next.manifest.object, name: "renamed" } },
    { deleted: true },
  ]) {
    await refused(hostsToken, 403, "write-only key", store.next(next, host, change));
  }
});

test("a member without a usable key stops a write, with a sentence that says what to do", async () => {
  const eve = await store.addUser("eve");
  const draft = store.draft(joe, "stopped", { eve: [eve, "read"] });
  await store.putSecret(draft, "password", bytes("x"));
  await store.committed(joesToken, draft);
  const next = store.next(draft, joe);
  store.putPublic(next, "x", bytes("1"));

  await changeState(store.db, actor, "eve", "disable");
  await refused(
    joesToken,
    422,
    "the user eve is disabled (revoke with ^eve), so 'stopped' was not changed",
    next,
  );
  await changeState(store.db, actor, "eve", "enable");
  await removeKey(store.db, actor, eve.key);
  await refused(joesToken, 422, /eve has no usable key: .*\^eve/, next);
  await changeState(store.db, actor, "eve", "remove");
  await refused(joesToken, 422, /eve was removed.*\^eve/, next);

  const members = new Map(next.manifest.members);
  members.delete("eve");
  await store.committed(joesToken, { ...next, manifest: { ...next.manifest, members } });
});

test("a commit that is held back until its author was disabled changes nothing", async () => {
  const max = await store.addUser("max");
  const token = await store.signIn(max);
  const draft = store.draft(max, "held back", { joe: [joe, "write"] });
  await store.committed(token, draft);
  const text = JSON.stringify(
    store.request([
      store.next(draft, max, { members: new Map([["joe", { access: "write", keys: joe.keys }]]) }),
    ]),
  );
  const begun = Promise.withResolvers<void>();
  const disabled = Promise.withResolvers<void>();
  const body = new ReadableStream({
    async start(controller) {
      controller.enqueue(bytes(text.slice(0, 10)));
      begun.resolve();
      await disabled.promise;
      controller.enqueue(bytes(text.slice(10)));
      controller.close();
    },
  });
  const headers = { authorization: `Bearer ${token}` };
  const answer = store.fetch(new Request(`${origin}${apiPath}/commits`, { method: "POST", headers, body }));
  await begun.promise;
  await Bun.sleep(0);
  await changeState(store.db, actor, "max", "disable");
  disabled.resolve();
  expect(await (await answer).json()).toMatchObject({
    code: "not-signed-in",
  });
  const { body: shown } = await store.call("GET", "/object?name=held%20back", { token: joesToken });
  expect(JSON.parse(shown.revision.manifest).revision).toBe(1);
});

test("a manifest lists keys for what they are", async () => {
  const list = (user: TestUser, keys: TestUser["keys"]) => {
    const draft = store.draft(joe, "listed");
    draft.manifest = {
      ...draft.manifest,
      members: new Map(draft.manifest.members).set(user.name, { access: "read", keys }),
    };
    return draft;
  };
  await refused(
    joesToken,
    422,
    "write-only, nothing is encrypted to it",
    list(host, new Map([[host.key, host.key]])),
  );
  await refused(joesToken, 422, "listed as write-only", list(ann, new Map([[ann.key, null]])));
  await refused(joesToken, 422, "has no encryption subkey", list(ann, new Map([[ann.key, joe.subkey]])));
  await refused(joesToken, 400, "one key for both ann and joe", list(ann, new Map([[joe.key, joe.subkey]])));
  const strange: Fingerprint = `openpgp:${"F".repeat(40)}`;
  await refused(joesToken, 422, "not registered", list(ann, new Map([[strange, strange]])));
  const right = list(ann, ann.keys);
  right.manifest = { ...right.manifest, object: { ...right.manifest.object, name: "listed right" } };
  await refused(
    joesToken,
    422,
    "has no encryption subkey",
    right,
    list(ann, new Map([[ann.key, joe.subkey]])),
  );
  const nobody = { ...ann, name: "nobody" };
  await refused(joesToken, 422, /'nobody' is no user of this store.*\^nobody/, list(nobody, ann.keys));
});

test("names are data wherever they go", async () => {
  const names = [
    "a'; DROP TABLE users; --",
    '"; --',
    "100%",
    "a_b",
    "a!b",
    "back\\slash",
    "__proto__",
    "$1 ? :x",
    "<b>",
  ];
  for (const name of names) {
    const draft = store.draft(joe, name);
    store.putPublic(draft, name.toLowerCase(), bytes(name));
    await store.committed(joesToken, draft);
    const query = encodeURIComponent(name);
    const shown = await store.call("GET", `/object?name=${query}`, { token: joesToken });
    expect(Buffer.from(shown.body.values[0].bytes, "base64").toString()).toBe(name);
    const found = await store.call("GET", `/objects?q=${encodeURIComponent(name.toUpperCase())}`, {
      token: joesToken,
    });
    expect(found.body.objects.map((one: { name: string }) => one.name)).toEqual([name]);
  }
  const none = await store.call("GET", "/objects?q=a%25z", { token: joesToken });
  expect(none.body.objects).toEqual([]);
});

/** What an engine says when its disk is full: SQLite's is, at its limit of pages; the others say so by a trigger. */
const fullDisk: Readonly<Record<EngineName, { fill: readonly string[]; clear: readonly string[] }>> = {
  sqlite: { fill: ["pragma max_page_count = 1"], clear: ["pragma max_page_count = 1000000"] },
  postgres: {
    fill: [
      "create function full() returns trigger language plpgsql as $$ begin raise 'no space left on device' using errcode = '53100'; end $$",
      "create trigger full_disk before insert on revisions for each row execute function full()",
    ],
    clear: ["drop trigger full_disk on revisions", "drop function full()"],
  },
  mysql: {
    fill: [
      "create trigger full_disk before insert on revisions for each row signal sqlstate 'HY000' set mysql_errno = 1021, message_text = 'disk full'",
    ],
    clear: ["drop trigger full_disk"],
  },
};

test("a full disk is told in a sentence, stores nothing, and passes", async () => {
  const { draft } = await machine("full");
  const bigger = store.next(draft, joe);
  store.putPublic(bigger, "ip", bytes("x".repeat(60_000)));
  const { fill, clear } = fullDisk[store.db.engine];
  for (const statement of fill) await sql.raw(statement).execute(store.db);
  const answer = await store.commit(joesToken, bigger);
  expect(answer).toMatchObject({ status: 503, body: { code: "unavailable" } });
  expect(answer.body.detail).toBe("the disk of the store is full; tell whoever runs it");
  for (const statement of clear) await sql.raw(statement).execute(store.db);
  expect((await store.commit(joesToken, bigger)).status).toBe(200);
});

test("a commit is read up to 32 MiB, and one that is larger is told how to become smaller", async () => {
  const bytes = Buffer.alloc(32 * 1024 * 1024 + 1, " ");
  const answer = await store.call("POST", "/commits", { token: await store.signIn(joe), bytes });
  expect([answer.status, answer.body.detail]).toEqual([
    413,
    "the request is over 33554432 bytes, the most that is read here; make it in several parts",
  ]);
});
