import { afterAll, beforeAll, expect, test } from "bun:test";
import { slices } from "../../../../database/slices.ts";
import { addUser, changeState, editUser } from "../../../../services/accounts.ts";
import { openWebSession } from "../../../../services/web/sessions.ts";
import { actor, TestStore, type TestUser, turnsDuring } from "../../../../store-for-tests.ts";
import { type Visited, Visitor } from "../../visitor-for-tests.ts";

const nobody = { email: "", fullName: "", staff: false, superuser: false, viewAny: false, password: null };
/** What must stand nowhere as it is written. */
const script = `<script>alert("'1'")</script>`;

let store: TestStore;
let root: Visitor;
let staff: Visitor;
let viewer: Visitor;
let joe: TestUser;
let ann: TestUser;

beforeAll(async () => {
  store = await TestStore.make();
  await addUser(store.db, actor, { ...nobody, name: "root", staff: true, superuser: true });
  await addUser(store.db, actor, { ...nobody, name: "desk", staff: true });
  await addUser(store.db, actor, { ...nobody, name: "viewer", staff: true, viewAny: true });
  joe = await store.addUser("joe", { fullName: "Joe \u202eDoe", email: "joe@example.com" });
  ann = await store.addUser("ann");
  root = await Visitor.of(store, "root");
  staff = await Visitor.of(store, "desk");
  viewer = await Visitor.of(store, "viewer");

  const token = await store.signIn(joe);
  const alone = store.draft(joe, "joe's own <b>vault</b>");
  await store.putSecret(alone, "pin", Buffer.from("1234"));
  const shared = store.draft(joe, "shared", { ann: [ann, "write"] });
  await store.putSecret(shared, "root password", Buffer.from("s3cret"));
  store.putPublic(shared, "motd", Buffer.from("hello"));
  const readers = store.draft(joe, "only joe writes", { ann: [ann, "read"] });
  await store.committed(token, alone, shared, readers);
  const read = await store.call("GET", "/object?name=shared&value=root%20password", {
    token: await store.signIn(ann),
  });
  expect(read.status).toBe(200);
});
afterAll(() => store.close());

const typed = { name: "", email: "", fullName: "" };

async function exists(name: string) {
  return await store.db.selectFrom("users").selectAll().where("name", "=", name).executeTakeFirst();
}

function alertOf({ text }: Visited): string {
  return /role="alert"[^>]*>(.*?)<\/(?:p|div)>/s.exec(text)?.[1]?.replace(/<[^>]+>/g, "") ?? "";
}

test("the list is searched and filtered, and goes on behind each page", async () => {
  const names = ({ text }: Visited) =>
    [...text.matchAll(/href="\/users\/([^"/+]+)"/g)].map(([, name]) => name);
  expect(names(await staff.get("/users"))).toEqual(["ann", "desk", "joe", "root", "viewer"]);
  expect(names(await staff.get("/users?text=EXAMPLE.com"))).toEqual(["joe"]);
  expect(names(await staff.get("/users?text=%25"))).toEqual([]);
  expect(names(await staff.get("/users?staff=1"))).toEqual(["desk", "root", "viewer"]);
  expect(names(await staff.get("/users?keyless=1&text=r"))).toEqual(["root", "viewer"]);
  expect(names(await staff.get("/users?state=removed"))).toEqual([]);
  const many = Array.from({ length: 60 }, (_, n) => `many${String(n).padStart(2, "0")}`);
  for (const name of many) await addUser(store.db, actor, { ...nobody, name });
  const first = await staff.get("/users?text=many");
  expect(names(first)).toEqual(many.slice(0, 50));
  const next = /href="([^"]+)" rel="next"/.exec(first.text)?.[1]?.replaceAll("&amp;", "&") ?? "";
  expect(next).toContain("after=many49");
  expect(names(await staff.get(next))).toEqual(many.slice(50));

  await addUser(store.db, actor, { ...nobody, name: "oezlem", fullName: "Özlem Ångström" });
  for (const text of ["Özlem", "özlem".slice(1), "Ångström"])
    expect(names(await staff.get(`/users?text=${encodeURIComponent(text)}`))).toEqual(["oezlem"]);
});

test("a user is added; what was typed is kept where it is wrong, and never runs", async () => {
  expect((await root.get("/users")).text).toContain("/users/+add");
  expect((await root.get("/users/+add")).status).toBe(200);
  const fields = {
    ...typed,
    name: `zoe${script}`,
    fullName: `Zoe ${script}`,
    email: "zoe@example.com",
    staff: "1",
  };
  const bad = await root.post("/users/+add", fields);
  expect(bad.status).toBe(400);
  expect(alertOf(bad)).toContain("is no user name");
  expect(bad.text).not.toContain(script);
  expect(bad.text).toContain("Zoe &lt;script&gt;");
  expect(bad.text).toMatch(/id="staff"[^>]*checked/);
  const mail = await root.post("/users/+add", { ...typed, name: "zoe", email: "no address" });
  expect([mail.status, alertOf(mail)]).toEqual([
    400,
    "The e-mail address is none; give one like joe@example.com, or none.",
  ]);
  for (const name of [".", ".."]) {
    const dots = await root.post("/users/+add", { ...typed, name });
    expect([dots.status, alertOf(dots)]).toEqual([400, expect.stringContaining("is no name for a user")]);
  }
  expect(await exists("zoe")).toBeUndefined();
  const good = await root.post("/users/+add", { ...fields, name: "zoe" });
  expect([good.status, good.location]).toEqual([303, "/users/zoe?done=user-added"]);
  expect(await exists("zoe")).toMatchObject({ staff: 1, superuser: 0, view_any: 0, password_hash: null });
  const page = await root.get("/users/zoe?done=user-added");
  expect(page.text).not.toContain(script);
  expect(page.text).toContain("Zoe &lt;script&gt;");
  expect((await root.get(`/users?text=${encodeURIComponent(script)}`)).text).not.toContain(script);
  const again = await root.post("/users/+add", { ...typed, name: "zoe" });
  expect(alertOf(again)).toContain("there is a user zoe already".slice(1));
  const missing = await root.get(`/users/${encodeURIComponent(script)}`);
  expect(missing.status).toBe(404);
  expect(missing.text).not.toContain("<script>alert");
});

test("a user's page tells what hangs on them, with names to who may know them alone", async () => {
  const page = await viewer.get("/users/joe");
  expect(page.text).toContain("Joe \\u{202e}Doe");
  expect(page.text).not.toContain("\u202e");
  expect(page.text).toContain("is a member of 3 objects");
  expect(page.text).toContain("joe&#39;s own &lt;b&gt;vault");
  expect(page.text).toContain("Nobody else can read 1 object:");
  expect(page.text).toContain("Nobody else can change 1 object:");
  expect(page.text).not.toContain("/users/joe/edit");
  const plain = await staff.get("/users/joe");
  expect(plain.text).toContain("is a member of 3 objects");
  expect(plain.text).not.toContain("vault");
  expect((await root.get("/users/joe")).text).toContain("/users/joe/edit");
});

test("a user with very many objects is shown without a look into each, and others go first while all are looked at", async () => {
  await addUser(store.db, actor, { ...nobody, name: "busy" });
  const busy = await exists("busy");
  const ids = Array.from({ length: 10_001 }, (_, n) => `busy-${String(n).padStart(5, "0")}`);
  for (const some of slices(ids)) {
    const objects = some.map((id) => {
      const name = `busy-${10_000 - Number(id.slice(-5))}.example.com`;
      return { id, name, live_name: name, revision: 1, withheld: null };
    });
    await store.db.insertInto("objects").values(objects).execute();
    const members = some.map(
      (id) => ({ object_id: id, user_id: busy?.id ?? "", access: "read", pending: 0 }) as const,
    );
    await store.db.insertInto("members").values(members).execute();
  }
  const page = await viewer.get("/users/busy");
  expect(page.text).toContain("is a member of over 10,000 objects");
  expect(page.text).toContain("/objects?user=busy&amp;access=only");
  expect(page.text).not.toContain("busy-0.example.com");
  expect((await staff.get("/users?text=busy")).text).toContain("over 1,000");
  let before: Visited | undefined;
  const turns = await turnsDuring(async () => {
    before = await root.get("/users/busy/disable");
  });
  expect(before?.text).toContain("Nobody else can read 10,001 objects:");
  expect(before?.text).toContain("and 9,981 more");
  const named = [...(before?.text.matchAll(/>(busy-\d+)\.example\.com</g) ?? [])].map(([, name]) => name);
  const byName = ids.map((_, n) => `busy-${n}`).sort((a, b) => (`${a}.` < `${b}.` ? -1 : 1));
  expect(named).toEqual(byName.slice(0, 20));
  expect(turns).toBeGreaterThanOrEqual(20);
  expect(await turnsDuring(() => root.get("/users/busy/delete"))).toBeGreaterThanOrEqual(40);
  const deleted = await turnsDuring(() => root.post("/users/busy/delete", { confirmation: "busy" }));
  expect(deleted).toBeGreaterThanOrEqual(20);
  expect((await exists("busy"))?.removed).not.toBeNull();
  await store.db
    .deleteFrom("members")
    .where("user_id", "=", busy?.id ?? "")
    .execute();
  await store.db
    .deleteFrom("objects")
    .where("id", "in", (eb) => eb.selectFrom("objects").select("id").where("id", "like", "busy-%"))
    .execute();
});

test("only superusers change anything", async () => {
  for (const visitor of [staff, viewer]) {
    for (const path of ["/users/+add", "/users/joe/edit", "/users/joe/disable", "/users/joe/delete"])
      expect([path, (await visitor.get(path)).status]).toEqual([path, 403]);
    for (const action of [
      "/+add",
      "/joe/edit",
      "/joe/disable",
      "/joe/enable",
      "/joe/delete",
      "/joe/end-sessions",
      "/joe/remove-password",
    ]) {
      const { status } = await visitor.post(`/users${action}`, {
        ...typed,
        confirmation: "joe",
        superuser: "1",
      });
      expect([action, status]).toEqual([action, 403]);
    }
  }
  expect(await exists("joe")).toMatchObject({ active: 1, removed: null, superuser: 0 });
});

test("editing keeps the name, says what changed in the log, and refuses what is no address", async () => {
  const path = "/users/zoe/edit";
  expect((await root.get(path)).text).toContain("zoe@example.com");
  const bad = await root.post(path, { ...typed, email: `a@${script}` });
  expect([bad.status, bad.text.includes(script)]).toEqual([400, false]);
  const good = await root.post(path, {
    ...typed,
    email: "z@example.com",
    fullName: "Zoe",
    viewAny: "1",
    name: "other",
  });
  expect(good.location).toBe("/users/zoe?done=saved");
  expect(await exists("zoe")).toMatchObject({
    email: "z@example.com",
    full_name: "Zoe",
    staff: 0,
    view_any: 1,
  });
  const row = (await store.audit()).at(-1);
  expect(row).toMatchObject({ user_name: "root", action: "edit user", outcome: "ok" });
  expect(row?.detail).toContain("zoe: email from 'zoe@example.com' to 'z@example.com'");
  expect(row?.detail).toContain("staff from '1' to '0'");
});

test("nobody takes their own rights away, nor the last superuser's", async () => {
  const own = await root.post("/users/root/edit", { ...typed, staff: "1" });
  expect([own.status, alertOf(own)]).toEqual([
    409,
    "You cannot take your own rights away, nor disable or delete yourself; have another superuser do it.",
  ]);
  expect((await root.post("/users/root/disable")).status).toBe(409);
  expect((await root.post("/users/root/delete", { confirmation: "root" })).status).toBe(409);
  const plain = { email: "", fullName: "", staff: true, superuser: false, viewAny: false };
  await expect(editUser(store.db, actor, "root", plain)).rejects.toThrow("the last active superuser");
  await expect(changeState(store.db, actor, "root", "disable", "keep-an-admin")).rejects.toThrow("the last");
  expect(await exists("root")).toMatchObject({ active: 1, staff: 1, superuser: 1 });

  await addUser(store.db, actor, { ...nobody, name: "second", staff: true, superuser: true });
  const other = (name: string) => ({ ...actor, userName: name });
  const both = await Promise.allSettled([
    editUser(store.db, other("root"), "second", plain),
    editUser(store.db, other("second"), "root", plain),
  ]);
  expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  // Whoever was quicker: root goes on.
  await store.db.updateTable("users").set({ superuser: 1 }).where("name", "=", "root").execute();
});

test("before somebody is disabled, the page says what that is, and what it is not", async () => {
  const page = await root.get("/users/joe/disable");
  expect(page.text).toContain("It does not revoke.");
  expect(page.text).toContain("<code>pstore --offboard joe</code>");
  expect(await exists("joe")).toMatchObject({ active: 1 });
  const session = await store.signIn(joe);
  const { location } = await root.post("/users/joe/disable");
  expect(location).toBe("/users/joe?done=user-disabled");
  const after = (await root.get("/users/joe")).text;
  expect(after).toContain("joe is disabled, and not revoked.");
  expect(after).toContain("enable joe again, and have joe let a colleague in");
  const words = after.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
  expect(words).toContain("A writer of each runs pstore --offboard joe");
  expect(words).toContain(
    "2 objects have no other writer who may sign in, so nobody can do that there, nor change them in any other way: enable joe again, or withhold them, or have them created anew under another name.",
  );
  expect((await store.call("GET", "/objects", { token: session })).status).toBe(401);
  expect((await root.get("/users?state=disabled")).text).toContain("/users/joe");
  expect((await root.post("/users/joe/enable")).location).toBe("/users/joe?done=user-enabled");
  expect(await exists("joe")).toMatchObject({ active: 1 });
  expect((await store.call("GET", "/objects", { token: session })).status).toBe(401);
});

test("sessions in a browser are ended, and a password is taken away", async () => {
  const desk = await exists("desk");
  const session = {
    userId: desk?.id ?? "",
    way: "password",
    fingerprint: "",
    address: "",
    agent: "",
  } as const;
  await openWebSession(store.db, session);
  await store.db.updateTable("users").set({ password_hash: "x" }).where("name", "=", "desk").execute();
  const page = await root.get("/users/desk");
  expect(page.text).toContain("2 browsers");
  expect((await staff.get("/users")).status).toBe(200);
  await root.post("/users/desk/end-sessions");
  expect((await staff.get("/users")).status).toBe(303);
  staff = await Visitor.of(store, "desk");
  await root.post("/users/desk/remove-password");
  expect(await exists("desk")).toMatchObject({ password_hash: null });
  expect((await staff.get("/users")).status).toBe(303);
  staff = await Visitor.of(store, "desk");
});

test("who is deleted is named by hand, and what they know is listed first, what was read ahead", async () => {
  const page = await root.get("/users/ann/delete");
  const secrets = page.text.slice(page.text.indexOf("Secrets to change"));
  expect(secrets).toContain("root password");
  expect(secrets).toMatch(/read <time/);
  expect(secrets).not.toContain("motd");
  expect(secrets.replace(/<[^>]*>/g, "").replace(/\s+/g, " ")).toContain(
    "Where ann is revoked already, what they could read, and never read, stands in what pstore --offboard ann printed, and not here.",
  );
  const joes = (await root.get("/users/joe/delete")).text;
  expect(joes).toContain("Nobody else can read 1 object:");
  expect(joes).toContain("stored by them");
  expect(joes).not.toContain("<b>vault");
  for (const confirmation of ["", "Ann", "joe", script]) {
    const refused = await root.post("/users/ann/delete", { confirmation });
    expect([refused.status, alertOf(refused).includes("Nothing was deleted")]).toEqual([400, true]);
    expect(refused.text).toContain('name="confirmation"');
  }
  expect(await exists("ann")).toMatchObject({ removed: null });
  const done = await root.post("/users/ann/delete", { confirmation: " ann " });
  expect(done.location).toBe("/users/ann?done=user-deleted");
  expect(await exists("ann")).toMatchObject({ active: 0 });
  const left = (await root.get("/users/ann")).text;
  expect(left).toContain("ann is deleted, and not revoked.");
  expect(left).not.toContain("usable");
  expect((await root.get("/users/ann/edit")).status).toBe(404);
  const again = await root.post("/users/+add", { ...typed, name: "ann" });
  expect(alertOf(again)).toContain("never given again");
  // A removed member reads no more, so the shared object hangs on joe, too.
  expect((await root.get("/users/joe")).text).toContain("Nobody else can read 3 objects:");
});

test("where only who is deleted wrote, nobody is sent to a writer", async () => {
  const lone = await store.addUser("lone");
  await store.committed(await store.signIn(lone), store.draft(lone, "lone's"));
  expect((await root.get("/users/lone/delete")).text).toContain(
    "Where nobody but lone writes, nobody is left",
  );
  await root.post("/users/lone/delete", { confirmation: "lone" });
  const { text } = await root.get("/users/lone");
  expect(text).not.toContain("--offboard");
  expect(text.replace(/\s+/g, " ")).toContain(
    "1 object has no other writer who may sign in, so nobody can do that there, nor change it in any other way: withhold it, or have it created anew under another name.",
  );
  await root.post("/health/check");
  const health = (await root.get("/health")).text.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
  expect(health).toContain("lone deleted 1 object nobody can write 1 object: Consistency says how");
  expect(health).not.toContain("pstore --offboard lone");
});
