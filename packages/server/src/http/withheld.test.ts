import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { checkStore } from "../services/check/check.ts";
import { exportTable } from "../services/export.ts";
import { stopWithholding, withhold } from "../services/withholding.ts";
import { actor, bytes, type Draft, TestStore, type TestUser } from "../store-for-tests.ts";
import { routes } from "./api/routes/all.ts";

let store: TestStore;
let joe: TestUser;
let ann: TestUser;
let joesToken: string;
let annsToken: string;
let viewersToken: string;
/** Living, at its second revision. */
let box: Draft;
/** Deleted. */
let gone: Draft;

beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe");
  ann = await store.addUser("ann");
  const viewer = await store.addUser("viewer", { viewAny: true });
  [joesToken, annsToken, viewersToken] = [
    await store.signIn(joe),
    await store.signIn(ann),
    await store.signIn(viewer),
  ];
  box = await machine("safe-box");
  const before = await machine("gone-box");
  gone = store.next(before, joe, { deleted: true });
  await store.committed(joesToken, gone);
});
afterAll(() => store.close());

/** A machine of joe's and ann's, with a password that was set twice, and that ann has read. */
async function machine(name: string): Promise<Draft> {
  const first = store.draft(joe, name, { ann: [ann, "read"] });
  await store.putSecret(first, "safe-password", bytes("first"));
  store.putPublic(first, "safe-note", bytes("192.0.2.7"));
  await store.committed(joesToken, first);
  const second = store.next(first, joe);
  await store.putSecret(second, "safe-password", bytes("second"));
  await store.committed(joesToken, second);
  await store.call("GET", `/object?name=${name}&value=safe-password`, { token: annsToken });
  return second;
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly json?: unknown;
}

const get = (path: string): Asked => ({ method: "GET", path });
const post = (path: string, json: unknown): Asked => ({ method: "POST", path, json });

/** How each route is asked for an object; `null`: it has nothing to do with any. */
const questions: Readonly<Record<string, ((name: string, id: string) => Asked[]) | null>> = {
  "GET /store": null,
  "GET /challenge": null,
  "POST /session": null,
  "DELETE /session": null,
  "POST /web-link": null,
  "GET /users": null,
  "GET /user-names": null,
  "PUT /uploads/:id": null,
  "GET /objects": (name) => [
    get("/objects"),
    get(`/objects?q=${name}`),
    get(`/objects?q=${name}&exact=1&value=safe-password&keys=members`),
    get(`/objects?q=${name}&exact=1&deleted=1`),
  ],
  "GET /object": (name) => [
    get(`/object?name=${name}`),
    get(`/object?name=${name}&value=safe-password&keys=members&user=ann`),
    get(`/object?name=${name}&deleted=1`),
  ],
  "POST /details": (name) => [post("/details", { names: [name], value: "safe-note", users: [], have: [] })],
  "GET /objects/:id/history": (_, id) => [
    get(`/objects/${id}/history`),
    get(`/objects/${id}/history?from=2&to=2`),
  ],
  "GET /objects/:id/kept": (_, id) => [
    get(`/objects/${id}/kept`),
    get(`/objects/${id}/kept?property=safe-password`),
  ],
  "GET /objects/:id/value": (_, id) => [
    get(`/objects/${id}/value?property=safe-password&revision=1`),
    get(`/objects/${id}/value?property=safe-password&revision=2`),
    get(`/objects/${id}/value?property=safe-note&revision=1`),
  ],
  "POST /search": () => [
    post("/search", { key: "safe", all: false }),
    post("/search", { key: "note", value: "192.0.2.7", all: false }),
  ],
  "GET /reads": () => [get("/reads?user=ann")],
  // Tested below: a change needs a manifest of its own.
  "POST /commits": null,
  // The admin's own, who see all, see below.
  "GET /check": null,
};

async function answer(token: string, { method, path, json }: Asked): Promise<string> {
  const { status, response } = await store.call(method, path, { token, json });
  return `${status} ${await response.text()}`;
}

/** What a server that never had the object would answer, in whose answers each object's own name and id are the same. */
function neutral(text: string, name: string, id: string): string {
  return text.replaceAll(name, "NAME").replaceAll(id, "ID");
}

test("each route of the API is asked here, or has nothing to do with objects", () => {
  expect(Object.keys(questions).sort()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort());
});

/** What is answered the same whether the object is withheld or not. */
const unrevealing: Readonly<Record<"living" | "deleted", readonly string[]>> = {
  living: [],
  deleted: [
    "/objects",
    "/objects?q=gone-box",
    "/objects?q=gone-box&exact=1&value=safe-password&keys=members",
    "/object?name=gone-box",
    "/object?name=gone-box&value=safe-password&keys=members&user=ann",
    "/details",
    "/search",
    "/search",
    "/reads?user=ann",
  ],
};

describe.each(["living", "deleted"] as const)("of a %s object that is withheld", (state) => {
  const draft = () => (state === "living" ? box : gone);
  const never = { name: "never-was", id: crypto.randomUUID() };

  beforeAll(() => withhold(store.db, actor, draft().manifest.object.id));
  afterAll(() => stopWithholding(store.db, actor, draft().manifest.object.id));

  for (const [route, ask] of Object.entries(questions)) {
    if (ask === null) continue;
    test(`${route} answers as if there were none, to members and to who may view any`, async () => {
      const { name, id } = draft().manifest.object;
      for (const [index, asked] of ask(name, id).entries()) {
        const otherwise = ask(never.name, never.id)[index] ?? asked;
        for (const token of [joesToken, annsToken, viewersToken]) {
          for (const all of token === viewersToken ? [false, true] : [false]) {
            const said = await answer(token, all ? withAll(asked) : asked);
            const expected = await answer(token, all ? withAll(otherwise) : otherwise);
            expect(neutral(said, name, id)).toBe(neutral(expected, never.name, never.id));
            if (said.startsWith("200")) expect(said).not.toContain(name);
            if (said.startsWith("200")) expect(said).not.toContain(id);
          }
        }
      }
    });
  }

  test("and once it is shown again, everything is answered as before", async () => {
    const { name, id } = draft().manifest.object;
    const asked = Object.values(questions).flatMap((ask) => ask?.(name, id) ?? []);
    const say = () => Promise.all(asked.map((one) => answer(joesToken, one)));
    const hidden = await say();
    await stopWithholding(store.db, actor, id);
    const shown = await say();
    await withhold(store.db, actor, id);
    const same = asked.filter((_, index) => shown[index] === hidden[index]).map(({ path }) => path);
    expect(same.map((path) => path.replace(id, "ID"))).toEqual([...unrevealing[state]]);
    expect(await say()).toEqual(hidden);
  });

  test("a change is refused as one of what is not there, and leaves nothing", async () => {
    const next = store.next(draft(), joe, { deleted: false });
    await store.putSecret(next, "safe-password", bytes("third"));
    const stranger = store.draft(joe, never.name);
    stranger.manifest = { ...next.manifest, object: { id: never.id, name: never.name } };
    const said = await store.commit(joesToken, next);
    const expected = await store.commit(joesToken, stranger);
    expect(said.status).toBe(404);
    expect(neutral(said.body.detail, draft().manifest.object.name, "-")).toBe(
      neutral(expected.body.detail, never.name, "-"),
    );
    const { id } = draft().manifest.object;
    const rows = await store.db
      .selectFrom("revisions")
      .select("revision")
      .where("object_id", "=", id)
      .execute();
    expect(rows).toHaveLength(draft().manifest.revision);
    const values = await store.db
      .selectFrom("stored_values")
      .select("id")
      .where("object_id", "=", id)
      .execute();
    expect(values).toHaveLength(3);
  });
});

function withAll({ method, path, json }: Asked): Asked {
  if (path.startsWith("/objects?") || path.startsWith("/object?"))
    return { method, path: `${path}&all=1`, json };
  if (path === "/objects") return { method, path: "/objects?all=1", json };
  return path === "/search"
    ? { method, path, json: { ...(json as object), all: true } }
    : { method, path, json };
}

describe("its name", () => {
  const member =
    "a machine of yours that an admin withholds; choose another name, or ask who runs the server";

  beforeAll(() => withhold(store.db, actor, box.manifest.object.id));
  afterAll(() => stopWithholding(store.db, actor, box.manifest.object.id));

  test("is refused to a new object, of a member with the reason, of others without", async () => {
    const mine = await store.commit(joesToken, store.draft(joe, "safe-box"));
    expect([mine.status, mine.body.detail]).toEqual([409, `the name 'safe-box' is taken by ${member}`]);
    const viewer = await store.addKey("viewer", "viewer2");
    const others = await store.commit(viewersToken, store.draft(viewer, "safe-box"));
    expect([others.status, others.body.detail]).toEqual([
      409,
      "there is a machine 'safe-box' already; choose another name",
    ]);
  });

  test("is refused to one that is renamed, and a commit of several is refused with it", async () => {
    const [other, another] = [store.draft(joe, "other"), store.draft(joe, "another")];
    await store.committed(joesToken, other, another);
    const renamed = store.next(other, joe, { object: { ...other.manifest.object, name: "safe-box" } });
    const answered = await store.commit(joesToken, store.next(another, joe), renamed);
    expect([answered.status, answered.body.detail]).toEqual([
      409,
      `the name 'safe-box' is taken by ${member}`,
    ]);
    const { body } = await store.call("GET", "/object?name=another", { token: joesToken });
    expect(JSON.parse(body.revision.manifest).revision).toBe(1);
  });
});

test("an upload for it is taken by no commit, and stays its user's", async () => {
  const { id } = box.manifest.object;
  const upload = crypto.randomUUID();
  const large = new Uint8Array(2_000_000).fill(7);
  expect((await store.call("PUT", `/uploads/${upload}`, { token: joesToken, bytes: large })).status).toBe(
    200,
  );
  const next = store.next(box, joe);
  store.putPublic(next, "large", large, upload);
  await withhold(store.db, actor, id);
  expect((await store.commit(joesToken, next)).status).toBe(404);
  await stopWithholding(store.db, actor, id);
  await store.committed(joesToken, next);
  box = next;
});

test("commits and withholding at the same moment leave an object that is whole", async () => {
  let newest = await machine("raced");
  const { id } = newest.manifest.object;
  for (let turn = 0; turn < 10; turn++) {
    const next = store.next(newest, joe);
    await store.putSecret(next, "safe-password", bytes(`turn ${turn}`));
    const [answered] = await Promise.all([store.commit(joesToken, next), withhold(store.db, actor, id)]);
    expect([200, 404]).toContain(answered.status);
    await stopWithholding(store.db, actor, id);
    if (answered.status === 200) newest = next;
  }
  await store.committed(joesToken, store.next(newest, joe));
  const faults = await checkStore(store.db, store.store);
  expect(faults.filter(({ where }) => where.startsWith("raced"))).toEqual([]);
});

test("a commit that was applied before is answered as it was", async () => {
  const draft = store.draft(joe, "answered");
  const json = store.request([draft]);
  const { body } = await store.call("POST", "/commits", { token: joesToken, json });
  await withhold(store.db, actor, draft.manifest.object.id);
  expect((await store.call("POST", "/commits", { token: joesToken, json })).body).toEqual(body);
});

test("withholding twice, or what is not there, is refused; the log tells who did what", async () => {
  const { object } = (await machine("logged")).manifest;
  await expect(stopWithholding(store.db, actor, object.id)).rejects.toThrow("'logged' is not withheld");
  await withhold(store.db, actor, object.id);
  await expect(withhold(store.db, actor, object.id)).rejects.toThrow("'logged' is withheld already");
  await stopWithholding(store.db, actor, object.id);
  await expect(withhold(store.db, actor, crypto.randomUUID())).rejects.toThrow("no object with this id");
  const rows = (await store.audit()).filter(
    (row) => row.object_id === object.id && row.user_name === "cli:test",
  );
  expect(rows.map(({ action, object_name: name }) => [action, name])).toEqual([
    ["withhold", "logged"],
    ["stop withholding", "logged"],
  ]);
});

test("the check and the export see it, marked; what members can do waits until it is shown", async () => {
  const user = await store.addUser("leaver");
  const draft = store.draft(joe, "checked", { leaver: [user, "read"] });
  await store.committed(joesToken, draft);
  await store.db.updateTable("users").set({ active: 0 }).where("name", "=", "leaver").execute();
  await withhold(store.db, actor, draft.manifest.object.id);
  const faults = await checkStore(store.db, store.store);
  const fault = faults.find(({ where }) => where.startsWith("checked"));
  expect(fault?.where).toBe("checked (withheld)");
  expect(fault?.solution).toStartWith(
    "once it is shown again in the web admin, a writer revokes the member:",
  );
  expect(fault?.solution).toContain("pstore checked ^leaver");
  const names: string[] = [];
  for await (const [name = ""] of exportTable(store.db, actor, { commonIfGte: 1, withEncrypted: false }))
    names.push(name);
  expect(names).toContain("checked (withheld)");
  expect(names).toContain("safe-box");
});
