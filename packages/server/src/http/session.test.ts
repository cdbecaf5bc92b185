import { afterAll, beforeAll, expect, test } from "bun:test";
import type { LoginRequest } from "@pstore/core/api/schemas";
import { commitOf, commitText } from "@pstore/core/commit";
import { openpgpFingerprint } from "@pstore/core/fingerprint";
import { loginText } from "@pstore/core/login";
import { changeState } from "../services/accounts.ts";
import { addKey, removeKey } from "../services/keys.ts";
import { actor, origin, requestId, TestStore, type TestUser } from "../store-for-tests.ts";

let store: TestStore;
let joe: TestUser;
let ann: TestUser;

beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe");
  ann = await store.addUser("ann");
});
afterAll(() => store.close());

const post = (json: unknown) => store.call("POST", "/session", { json });

/** The one answer to everything that is not right. */
async function refused(login: LoginRequest, why: string): Promise<void> {
  const answer = await post(login);
  expect([why, answer.status, answer.body]).toEqual([
    why,
    401,
    {
      type: "about:blank",
      title: "sign in refused",
      status: 401,
      code: "sign-in-refused",
      detail: expect.stringContaining(
        "the signature is not by a current key of an active user of this store",
      ),
      requestId,
    },
  ]);
}

test("a signature over the login text signs in, once", async () => {
  const login = await store.login(joe);
  const answer = await post(login);
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({ token: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/), expiresIn: 900 });
  expect((await store.call("GET", "/objects", { token: answer.body.token })).status).toBe(200);
  await refused(login, "used twice");
  const stored = await store.db.selectFrom("sessions").selectAll().execute();
  expect(JSON.stringify(stored)).not.toContain(answer.body.token);
});

test("of many uses of one challenge at once, one signs in", async () => {
  const login = await store.login(joe);
  const answers = await Promise.all(Array.from({ length: 10 }, () => post(login)));
  expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
});

test("whatever is wrong, the answer is the same", async () => {
  const good = await store.challenge();
  const bytes = Buffer.from(good, "base64url");
  bytes.writeBigUInt64BE(bytes.readBigUInt64BE(16) + 1000n, 16);
  await refused(await store.login(joe, { challenge: bytes.toString("base64url") }), "forged challenge");
  await refused(await store.login(joe, { challenge: `${good}=` }), "another text of the same challenge");
  await refused(await store.login(joe, { challenge: "x" }), "no challenge");
  const late = await expired(() => store.challenge());
  await refused(await store.login(joe, { challenge: late }), "expired challenge");
  await refused(await store.login(joe, { origin: "https://evil.example" }), "another origin");
  await refused(await store.login(joe, { store: crypto.randomUUID() }), "another store");
  await refused(await store.login(joe, { signedName: "ann" }), "signed for another user");
  await refused(await store.login({ name: "ann", key: joe.key }), "another user's key");
  await refused(await store.login(joe, { signAs: ann.key }), "signed by another key");
  await refused(await store.login({ name: "nobody", key: joe.key }), "unknown user");
  const stranger = openpgpFingerprint(store.gpg.generate("stranger", "ed25519", "sign,cert"));
  await refused(await store.login({ name: "joe", key: stranger }), "unknown key");
  await refused(await store.login(joe, { signature: "" }), "no signature");
  await refused({ ...(await store.login(joe)), key: "x" }, "no fingerprint");
  const text = commitText(commitOf(store.store.id, ["x"]));
  await refused(
    await store.login(joe, { signature: store.sign(joe.key, text, "commit") }),
    "a commit's signature",
  );
});

/** What `make` makes at a time when it is already old. */
async function expired<T>(make: () => Promise<T>): Promise<T> {
  const real = Date.now;
  const RealDate = Date;
  // The clock itself is set back: nothing of the store is replaced.
  globalThis.Date = class extends RealDate {
    constructor() {
      super(real() - 301_000);
    }
  } as DateConstructor;
  try {
    return await make();
  } finally {
    globalThis.Date = RealDate;
  }
}

test("a login's signature is none of a commit", async () => {
  const token = await store.signIn(joe);
  const json = store.request([store.draft(joe, "x")]);
  const login = await store.login(joe);
  const answer = await store.call("POST", "/commits", {
    token,
    json: { ...json, signature: login.signature },
  });
  expect([answer.status, answer.body.code]).toEqual([400, "bad-signature"]);
  const asText = loginText({ ...login, key: joe.key, store: store.store.id });
  const text = await store.call("POST", "/commits", { token, json: { ...json, commit: asText } });
  expect(text.body.code).toBe("bad-commit");
});

test("the Host of a request counts for nothing", async () => {
  const evil = "https://evil.example";
  const login = await store.login(joe, { origin: evil });
  const response = await store.fetch(
    new Request(`${evil}/api/v1/session`, {
      method: "POST",
      headers: { host: "evil.example", origin: evil },
      body: JSON.stringify(login),
    }),
  );
  expect(response.status).toBe(401);
  expect(origin).not.toBe(evil);
});

test("a session ends with its user, its key, its time and by signing out", async () => {
  const eve = await store.addUser("eve");
  const works = async (token: string) => (await store.call("GET", "/objects", { token })).status;
  const token = await store.signIn(eve);
  expect(await works(token)).toBe(200);
  await changeState(store.db, actor, "eve", "disable");
  expect(await works(token)).toBe(401);
  await refused(await store.login(eve), "disabled user");
  await changeState(store.db, actor, "eve", "enable");
  expect(await works(token)).toBe(401);
  const second = await store.signIn(eve);
  expect(await works(second)).toBe(200);
  await removeKey(store.db, actor, eve.key);
  expect(await works(second)).toBe(401);
  await refused(await store.login(eve), "removed key");
  const addAgain = () =>
    addKey(store.db, actor, { user: "eve", block: eve.block, writeOnly: false, description: "" });
  await addAgain();
  expect(await works(second)).toBe(401);
  const third = await store.signIn(eve);
  await addAgain();
  expect(await works(third)).toBe(401);
  const again = await store.signIn(eve);
  expect((await store.call("DELETE", "/session", { token: again })).status).toBe(204);
  expect(await works(again)).toBe(401);
  store.sessionTime = 0;
  const short = await store.call("POST", "/session", { json: await store.login(eve) });
  store.sessionTime = 900;
  expect(await works(short.body.token)).toBe(401);
  await changeState(store.db, actor, "eve", "remove");
  await refused(await store.login(eve), "removed user");
  expect(await works("x")).toBe(401);
});

test("an expired key does not sign in", async () => {
  const old = await store.addUser("old");
  const hex = old.key.slice("openpgp:".length);
  store.gpg.run(["--quick-set-expire", hex, "seconds=1"]);
  const { readCertificate } = await import("@pstore/core/openpgp/certificate");
  const { armor } = await import("@pstore/core/openpgp/armor");
  const certificate = await readCertificate(store.gpg.run(["--export", hex]));
  // As it stands in a store where it was added in time.
  await store.db
    .updateTable("public_keys")
    .set({ block: armor(certificate.bytes), expires: certificate.expires?.toISOString() ?? null })
    .where("fingerprint", "=", old.key)
    .execute();
  const signature = await store.login(old, { signAs: joe.key });
  while (certificate.expires !== null && certificate.expires > new Date()) await Bun.sleep(50);
  await refused(signature, "expired key");
  const log = await store.audit();
  expect(log.at(-1)).toMatchObject({ user_name: "old", action: "sign in", outcome: "sign-in-refused" });
});

/** How long a refusal takes in each case, in milliseconds. */
async function refusalMedians(
  cases: Readonly<Record<string, { name: string; key: TestUser["key"] }>>,
  signature: string,
): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number[]>(Object.keys(cases).map((name) => [name, []]));
  for (let round = 0; round < 40; round++) {
    for (const [name, user] of Object.entries(cases)) {
      const login = await store.login(user, { signature });
      const start = performance.now();
      expect((await post(login)).status).toBe(401);
      times.get(name)?.push(performance.now() - start);
    }
  }
  return new Map([...times].map(([name, all]) => [name, all.toSorted((a, b) => a - b)[20] ?? 0]));
}

test("a refusal takes as long for known, unknown and disabled users", async () => {
  const off = await store.addUser("off");
  await changeState(store.db, actor, "off", "disable");
  const wrong = store.sign(ann.key, "something else", "login");
  const known = joe.key;
  const unknown = openpgpFingerprint("0".repeat(40));
  const cases: Record<string, { name: string; key: TestUser["key"] }> = {
    "known, own key": { name: "joe", key: known },
    "unknown, joe's key": { name: "nobody", key: known },
    "disabled, own key": { name: "off", key: off.key },
    "known, unknown key": { name: "joe", key: unknown },
    "unknown, unknown key": { name: "nobody", key: unknown },
  };
  // What a case costs more, it costs each time; what else the machine does falls on one or the other.
  let excess = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 3 && excess > 0; attempt++) {
    const medians = await refusalMedians(cases, wrong);
    for (const [name, median] of medians)
      console.log(`  ${name.padEnd(22)} ${median.toFixed(2)} ms (median of 40)`);
    const all = [...medians.values()];
    excess = Math.max(...all) - Math.min(...all) - Math.max(3, Math.min(...all) / 2);
  }
  expect(excess).toBeLessThan(0);

  // And from outside, a refusal comes at a fixed time whatever it cost.
  store.refusalTime = 100;
  for (const user of Object.values(cases)) {
    const login = await store.login(user, { signature: wrong });
    const start = performance.now();
    await post(login);
    const passed = performance.now() - start;
    expect(passed).toBeGreaterThanOrEqual(99);
    console.log(`  ${user.name.padEnd(22)} ${passed.toFixed(1)} ms with the delay`);
  }
  store.refusalTime = 0;
});
