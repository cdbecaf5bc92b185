import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { changeState } from "../../../../services/accounts.ts";
import { withhold } from "../../../../services/withholding.ts";
import { actor, bytes, type Draft, TestStore, type TestUser } from "../../../../store-for-tests.ts";
import { Visitor } from "../../visitor-for-tests.ts";

let store: TestStore;
let joe: TestUser;
let ann: TestUser;
let token: string;
let root: Visitor;
let viewer: Visitor;

const script = "<script>alert(1)</script>";

beforeAll(async () => {
  store = await TestStore.make();
  joe = await store.addUser("joe");
  ann = await store.addUser("ann");
  await store.addUser("root", { staff: true, superuser: true });
  await store.addUser("viewer", { staff: true, viewAny: true });
  await store.addUser("clerk", { staff: true });
  token = await store.signIn(joe);
  root = await Visitor.of(store, "root");
  viewer = await Visitor.of(store, "viewer");
});
afterAll(() => store.close());

async function machine(
  name: string,
  members: Record<string, [TestUser, "read" | "write"]> = {},
): Promise<Draft> {
  const draft = store.draft(joe, name, members);
  await store.committed(token, draft);
  return draft;
}

function idOf({ manifest }: Draft): string {
  return manifest.object.id;
}

/** The names in a list, in its order. */
function namesIn(text: string): string[] {
  return [...text.matchAll(/href="\/objects\/[0-9a-f-]{36}">([^<]*)<\/a>/g)].map(([, name = ""]) => name);
}

async function listed(query: string): Promise<string[]> {
  const { status, text } = await viewer.get(`/objects?${query}`);
  expect(status).toBe(200);
  return namesIn(text);
}

describe("the list", () => {
  test("shows what there is of each object, and nothing of its values", async () => {
    const draft = store.draft(joe, "web1", { ann: [ann, "read"] });
    await store.putSecret(draft, "password", bytes("s3cret-value"));
    store.putPublic(draft, "note", bytes("public-value"));
    await store.committed(token, draft);
    await store.call("GET", "/object?name=web1&value=password", { token: await store.signIn(ann) });
    const { text } = await viewer.get("/objects?text=WEB1");
    expect(text).toContain("ann (read), joe (write)");
    expect(text).toMatch(/Properties">2<.*Size">\d+ bytes<.*Revision">1<.*by joe<.*Last read"><time/);
    expect(text).not.toContain("public-value");
    expect(text).not.toContain(Buffer.from("public-value").toString("base64"));
  });

  test("goes by pages of 50 names, each name once", async () => {
    const drafts = Array.from({ length: 120 }, (_, index) =>
      store.draft(joe, `page-${String(index).padStart(3, "0")}`),
    );
    await store.committed(token, ...drafts);
    const names: string[] = [];
    let next: string | undefined = "/objects?text=page-";
    const sizes: number[] = [];
    while (next !== undefined) {
      const { text } = await viewer.get(next);
      const page = namesIn(text);
      sizes.push(page.length);
      names.push(...page);
      next = /<a href="([^"]*)" rel="next">/.exec(text)?.[1]?.replaceAll("&amp;", "&");
    }
    expect(sizes).toEqual([50, 50, 20]);
    expect(names).toEqual(drafts.map(({ manifest }) => manifest.object.name));
    expect((await viewer.get("/objects?after=x")).status).toBe(400);
  });

  test("tells the living, the withheld and the deleted apart; of deleted ones the same name several times", async () => {
    for (const name of ["state-gone", "state-gone", "state-gone-2"]) {
      const draft = await machine(name);
      await store.committed(token, store.next(draft, joe, { deleted: true }));
    }
    await machine("state-there");
    await withhold(store.db, actor, idOf(await machine("state-held")));
    expect(await listed("text=state")).toEqual(["state-held", "state-there"]);
    expect(await listed("text=state&state=withheld")).toEqual(["state-held"]);
    expect(await listed("text=state&state=deleted")).toEqual(["state-gone", "state-gone", "state-gone-2"]);
    expect((await viewer.get("/objects?text=state-held")).text).toContain(">withheld</span>");
  });

  test("finds whose a user is a member, and what only they can still read", async () => {
    const left = await store.addUser("left");
    const pending = await store.addUser("waits");
    const draft = store.draft(joe, "sole-pending");
    draft.manifest = {
      ...draft.manifest,
      members: new Map(draft.manifest.members).set("waits", { access: "read", keys: new Map() }),
    };
    await store.committed(token, draft);
    await machine("sole-alone");
    await machine("sole-left", { left: [left, "write"] });
    await machine("sole-shared", { ann: [ann, "read"] });
    await changeState(store.db, actor, "left", "disable");
    const all = ["sole-alone", "sole-left", "sole-pending", "sole-shared"];
    expect(await listed("text=sole&user=joe")).toEqual(all);
    expect(await listed("text=sole&user=ann")).toEqual(["sole-shared"]);
    expect(await listed("text=sole&user=joe&access=only")).toEqual(all.slice(0, 3));
    expect(await listed("text=sole&user=ann&access=only")).toEqual([]);
    expect(pending.name).toBe("waits");
    expect((await viewer.get("/objects?text=sole-pending")).text).toContain("waits (read, pending)");
    expect((await viewer.get("/objects?user=nobody")).text).toContain("There never was a user");
    expect((await viewer.get("/objects?text=nothing-like-it")).text).toContain("No object fits.");
    await changeState(store.db, actor, "left", "enable");
    expect(await listed("text=sole&user=joe&access=only")).toEqual(["sole-alone", "sole-pending"]);
  });

  test("is for who may view any object", async () => {
    const clerk = await Visitor.of(store, "clerk");
    const { status, text } = await clerk.get("/objects");
    expect([status, text.includes("web1")]).toEqual([403, false]);
    const draft = await machine("not-for-clerks");
    expect((await clerk.get(`/objects/${idOf(draft)}`)).status).toBe(403);
  });
});

describe("the page of an object", () => {
  test("shows members and keys, properties and who read them last, and no value", async () => {
    const draft = store.draft(joe, "shown", { ann: [ann, "read"] });
    await store.putSecret(draft, "password", bytes("s3cret-value"));
    store.putPublic(draft, "note", bytes("public-value"));
    await store.committed(token, draft);
    await store.call("GET", "/object?name=shown&value=password", { token: await store.signIn(ann) });
    const { text, status } = await viewer.get(`/objects/${idOf(draft)}`);
    expect(status).toBe(200);
    expect(text).toContain('<a href="/users/ann">ann</a>');
    expect(text).toContain(encodeURIComponent(ann.key));
    expect(text).toMatch(/password<.*encrypted<.*by ann</);
    expect(text).toMatch(/note<.*public<.*12 bytes<.*never</);
    expect(text).toContain("/log?object=shown");
    for (const value of ["public-value", Buffer.from("public-value").toString("base64"), "s3cret"])
      expect(text).not.toContain(value);
    expect(text).not.toContain("not current");
  });

  test("tells keys that are not current, and those that nothing is encrypted to yet", async () => {
    const mover = await store.addUser("mover");
    const draft = await machine("moved", { mover: [mover, "read"] });
    const second = await store.addKey("mover", "mover2");
    const now = new Date().toISOString();
    await store.db
      .updateTable("public_keys")
      .set({ removed: now })
      .where("fingerprint", "=", mover.key)
      .execute();
    const { text } = await viewer.get(`/objects/${idOf(draft)}`);
    expect(text).toMatch(/not current<.*is not registered at this store any more/);
    expect(text).toMatch(new RegExp(`${encodeURIComponent(second.key)}.*not encrypted to<.*--rewrap=mover`));
  });

  test("tells what each revision did, the newest first, by pages", async () => {
    let newest = await machine("long");
    const id = idOf(newest);
    for (let revision = 2; revision <= 25; revision++) {
      newest = store.next(newest, joe);
      store.putPublic(newest, "note", bytes(`value ${revision}`));
      await store.committed(token, newest);
    }
    newest = store.next(newest, joe, {
      object: { id, name: "longer" },
      members: new Map(newest.manifest.members).set("ann", { access: "read", keys: ann.keys }),
    });
    await store.committed(token, newest);
    const first = await viewer.get(`/objects/${id}`);
    expect(first.text).toContain("renamed from &#39;long&#39;; ann may read");
    expect(first.text).toContain("set &#39;note&#39;");
    expect(first.text).not.toContain(">created");
    expect(first.text).toContain(`href="/objects/${id}?below=7#revisions" rel="next">6 older revisions<`);
    const { text } = await viewer.get(`/objects/${id}?below=7`);
    expect(text).toContain(">created; joe may write<");
    expect(text).not.toContain('rel="next"');
  });

  test("of no object is not found, whatever stands in its address", async () => {
    for (const id of [crypto.randomUUID(), "x", "..%2F..%2Fetc%2Fpasswd", encodeURIComponent(script)]) {
      const { status, text } = await viewer.get(`/objects/${id}`);
      expect([status, text.includes(script)]).toEqual([404, false]);
    }
  });
});

test("names and texts of others are shown as they are, and never run", async () => {
  const draft = store.draft(joe, `x${script}`, { ann: [ann, "read"] });
  store.putPublic(draft, `"'>${script}`, bytes(script));
  await store.committed(token, draft);
  const pages = [
    `/objects?text=${encodeURIComponent(script)}`,
    `/objects?user=${encodeURIComponent(`">${script}`)}`,
    `/objects/${idOf(draft)}`,
    `/objects/${idOf(draft)}/withhold`,
  ];
  for (const path of pages) {
    const { text } = await root.get(path);
    expect(text).toContain("&lt;script&gt;");
    expect(text).not.toContain(script);
    expect(text).not.toContain("style=");
    expect(text).not.toMatch(/ on[a-z]+="/);
  }
});

describe("withholding", () => {
  const find = (name: string) => store.call("GET", `/object?name=${name}`, { token });

  test("is asked about, done by a form, told, and undone", async () => {
    const draft = await machine("held");
    const path = `/objects/${idOf(draft)}`;
    expect((await viewer.get(path)).text).not.toContain("/withhold");
    expect((await root.get(path)).text).toContain(`href="${path}/withhold"`);
    const asked = await root.get(`${path}/withhold`);
    expect(asked.text).toContain("Its name stays taken");
    expect(asked.text).toContain("pstore --offboard NAME");
    expect((await find("held")).status).toBe(200);

    const done = await root.post(`${path}/withhold`);
    expect([done.status, done.location]).toEqual([303, `${path}?done=withheld`]);
    expect((await find("held")).status).toBe(404);
    const shown = await root.get(`${path}?done=withheld`);
    expect(shown.text).toContain("The object is withheld.");
    expect(shown.text).toContain("An admin withholds this object since");
    expect(shown.text).toContain("pstore --offboard NAME");
    expect((await root.get(`${path}/withhold`)).status).toBe(409);
    expect((await root.post(`${path}/withhold`)).status).toBe(409);

    expect((await root.get(`${path}/stop-withholding`)).text).toContain("Show it again");
    const again = await root.post(`${path}/stop-withholding`);
    expect(again.location).toBe(`${path}?done=shown-again`);
    expect((await find("held")).status).toBe(200);
    const log = (await store.audit()).filter(
      ({ object_id: id, outcome }) => id === idOf(draft) && outcome === "ok",
    );
    expect(log.map(({ action, user_name: user }) => `${user}: ${action}`)).toEqual(
      expect.arrayContaining(["root: withhold", "root: stop withholding"]),
    );
  });

  test("is for superusers, and only through a form of their own session", async () => {
    const draft = await machine("guarded");
    const path = `/objects/${idOf(draft)}/withhold`;
    for (const visitor of [viewer, await Visitor.of(store, "clerk")]) {
      expect((await visitor.get(path)).status).toBe(403);
      expect((await visitor.post(path)).status).toBe(403);
    }
    expect((await root.post(path, {}, { csrf: null })).status).toBe(403);
    expect((await root.post(path, {}, { csrf: viewer.formToken })).status).toBe(403);
    expect((await root.post(path, {}, { from: "https://evil.example" })).status).toBe(403);
    expect((await (await Visitor.of(store, null)).post(path)).status).toBe(303);
    expect((await find("guarded")).status).toBe(200);
  });
});
