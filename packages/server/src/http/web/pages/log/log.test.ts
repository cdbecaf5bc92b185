import { afterAll, beforeAll, expect, test } from "bun:test";
import { type AuditRow, insertAudit } from "../../../../repositories/audit.ts";
import { addUser } from "../../../../services/accounts.ts";
import { actor, TestStore, turnsDuring } from "../../../../store-for-tests.ts";
import { Visitor } from "../../visitor-for-tests.ts";

let store: TestStore;
let root: Visitor;
const objectId = "11111111-1111-4111-8111-111111111111";
const fingerprint = `openpgp:${"a".repeat(40)}`;

function row(time: string, change: Partial<AuditRow> = {}): AuditRow {
  return {
    id: Bun.randomUUIDv7(),
    time,
    user_name: "joe",
    fingerprint: "",
    action: "read",
    object_id: "",
    object_name: "",
    property: "",
    address: "192.0.2.7",
    outcome: "ok",
    detail: "",
    ...change,
  };
}

beforeAll(async () => {
  store = await TestStore.make();
  const staff = { email: "", fullName: "", staff: true, superuser: false, viewAny: false, password: null };
  await addUser(store.db, actor, { ...staff, name: "root", superuser: true });
  await addUser(store.db, actor, { ...staff, name: "viewer", viewAny: true });
  await addUser(store.db, actor, { ...staff, name: "plain" });
  root = await Visitor.of(store, "root");
  const rows = Array.from({ length: 120 }, (_, at) =>
    row(
      `2026-01-01T00:${String(Math.floor(at / 60)).padStart(2, "0")}:${String(at % 60).padStart(2, "0")}.000Z`,
      {
        user_name: "pager",
        detail: `row ${at}.`,
      },
    ),
  );
  await insertAudit(store.db, rows);
  await insertAudit(store.db, [
    row("2026-02-01T00:00:00.000Z", {
      object_id: objectId,
      object_name: "host1",
      property: "password",
      fingerprint,
    }),
    row("2026-02-02T23:59:59.999Z", { action: "set", object_name: "host2", outcome: "forbidden" }),
    row("2026-02-03T00:00:00.000Z", { user_name: "", action: "sign in", outcome: "sign-in-refused" }),
    row("2026-02-03T00:00:01.000Z", {
      user_name: "cli:root",
      action: "check",
      object_name: '<script>alert("x")</script>\u202e',
      detail: "=HYPERLINK(1)\n<img src=x>",
    }),
  ]);
});
afterAll(() => store.close());

/** The details of the rows that a page shows, in order. */
const details = (text: string) => [...text.matchAll(/row (\d+)\./g)].map(([, number]) => Number(number));

test("the log is read page by page, newest first, each row once", async () => {
  const seen: number[] = [];
  let pages = 0;
  for (let path: string | undefined = "/log?user=pager"; path !== undefined; pages++) {
    const { status, text } = await root.get(path);
    expect(status).toBe(200);
    seen.push(...details(text));
    path = /href="([^"]*)" rel="next"/.exec(text)?.[1]?.replaceAll("&amp;", "&");
  }
  expect(pages).toBe(3);
  expect(seen).toEqual(Array.from({ length: 120 }, (_, at) => 119 - at));
});

test("what is filtered by stands in the form again, and every filter that is empty counts as none", async () => {
  const { text } = await root.get(
    "/log?user=&object=host2&action=set&outcome=refused&from=2026-02-02&to=2026-02-02",
  );
  expect(text).toContain('value="host2"');
  expect(text).toContain('<option value="set" selected="">');
  expect(text).toContain("refused: forbidden");
  expect(text).toContain(
    'href="/log.csv?object=host2&amp;action=set&amp;outcome=refused&amp;from=2026-02-02&amp;to=2026-02-02"',
  );
});

test("days are those of UTC, the last one to its end", async () => {
  expect((await root.get("/log?from=2026-02-02&to=2026-02-02")).text).toContain("host2");
  expect((await root.get("/log?to=2026-02-01")).text).not.toContain("host2");
  expect((await root.get("/log?to=2026-02-01")).text).toContain("host1");
  expect((await root.get("/log?from=2026-02-03&to=9999-12-31")).text).toContain("sign-in-refused");
});

test("users, objects and keys that the log names are linked; the server's own commands and nobody are not", async () => {
  const { text } = await root.get("/log?from=2026-02-01&to=2026-02-03");
  expect(text).toContain('<a href="/users/joe"><bdi class="whole">joe</bdi></a>');
  expect(text).toContain(`<a href="/objects/${objectId}"><bdi class="whole">host1</bdi></a>`);
  expect(text).toContain(`href="/key?fingerprint=openpgp%3A${"a".repeat(40)}"`);
  expect(text).toContain('<bdi class="whole">cli:root</bdi>');
  expect(text).not.toContain("/users/cli");
  expect(text).toContain("nobody known");
});

test("what somebody had written to the log runs nowhere, and hides nothing", async () => {
  const { text } = await root.get("/log?action=check");
  expect(text).toContain("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;\\u{202e}");
  expect(text).toContain("=HYPERLINK(1)\\n&lt;img src=x&gt;");
  const reflected = await root.get("/log?user=%22%3E%3Cscript%3Ealert(1)%3C/script%3E");
  expect(reflected.text).not.toContain("<script>alert");
});

test("what is no filter is refused with a sentence", async () => {
  for (const query of [
    "from=2026-02-30",
    "action=nothing",
    "outcome=ok",
    "after=x",
    "from=2026-02-02&to=2026-02-01",
  ])
    expect([query, (await root.get(`/log?${query}`)).status]).toEqual([query, 400]);
});

test("who may not view any object sees no log", async () => {
  const plain = await Visitor.of(store, "plain");
  for (const path of ["/log", "/log.csv"]) {
    const { status, text } = await plain.get(path);
    expect(status).toBe(403);
    expect(text).not.toContain("host1");
  }
  expect((await store.audit()).filter((one) => one.user_name === "plain").map((one) => one.action)).toEqual([
    "show log",
    "download log",
  ]);
  expect((await (await Visitor.of(store, "viewer")).get("/log")).status).toBe(200);
});

test("the download has all rows that fit, oldest first, runs in no spreadsheet, and stands in the log", async () => {
  const { response, text } = await root.get("/log.csv?from=2026-02-01&to=2026-02-03");
  expect(response.headers.get("content-type")).toStartWith("text/csv");
  expect(response.headers.get("content-disposition")).toMatch(
    /^attachment; filename="pstore-log-[\d-]{10}\.csv"$/,
  );
  expect(text.split("\r\n")).toEqual([
    "time,user,key,action,object,object id,property,outcome,address,detail",
    `2026-02-01T00:00:00.000Z,joe,${fingerprint},read,host1,${objectId},password,ok,192.0.2.7,`,
    "2026-02-02T23:59:59.999Z,joe,,set,host2,,,forbidden,192.0.2.7,",
    "2026-02-03T00:00:00.000Z,,,sign in,,,,sign-in-refused,192.0.2.7,",
    `2026-02-03T00:00:01.000Z,cli:root,,check,"<script>alert(""x"")</script>\u202e",,,ok,192.0.2.7,"'=HYPERLINK(1)\n<img src=x>"`,
    "",
  ]);
  expect((await store.audit()).at(-1)).toMatchObject({
    user_name: "root",
    action: "download log",
    detail: "since: 2026-02-01T00:00:00.000Z, before: 2026-02-04T00:00:00.000Z",
  });
});

test("a long download comes in parts, lets others have their turn, and holds up no writer", async () => {
  const time = "2026-03-01T00:00:00.000Z";
  await insertAudit(
    store.db,
    Array.from({ length: 5000 }, () => row(time, { user_name: "busy" })),
  );
  const { response } = await root.get("/log.csv?user=nobody");
  expect(await response.text()).toStartWith("time,");
  let chunks = 0;
  const turns = await turnsDuring(async () => {
    const { body } = await root.stream("/log.csv?user=busy");
    for await (const _ of body) {
      chunks++;
      // A transaction of another's in the middle of it.
      await store.db.transaction().execute((trx) => insertAudit(trx, [row(time, { user_name: "other" })]));
    }
  });
  expect(chunks).toBe(6);
  expect(turns).toBeGreaterThan(4);
});

test("an object that was renamed is found with all its rows by its name, and with those of that time by an earlier one", async () => {
  const max = await store.addUser("max");
  const token = await store.signIn(max);
  const first = store.draft(max, "first name");
  await store.committed(token, first);
  const { id } = first.manifest.object;
  const second = store.next(first, max, { object: { id, name: "second name" } });
  await store.committed(token, second);
  const last = store.next(second, max, { object: { id, name: "last name" } });
  await store.committed(token, last);
  // Another one has the first name now.
  await store.committed(token, store.draft(max, "first name"));
  const found = async (name: string) => {
    const { text } = await root.get(`/log.csv?object=${encodeURIComponent(name)}`);
    const rows = text.trim().split("\r\n").slice(1);
    return rows.map((line) => line.split(",")).map((cells) => [cells[3], cells[4], cells[5] === id]);
  };
  const own = [
    ["create", "first name", true],
    ["allow", "first name", true],
  ];
  const renamed = ["rename", "second name", true];
  expect(await found("last name")).toEqual([...own, renamed, ["rename", "last name", true]]);
  expect(await found("second name")).toEqual([renamed]);
  expect(await found("first name")).toEqual([
    ...own,
    ["create", "first name", false],
    ["allow", "first name", false],
  ]);
});
