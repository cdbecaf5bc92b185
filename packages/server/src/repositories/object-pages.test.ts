import { afterAll, beforeAll, expect, test } from "bun:test";
import { slices } from "../database/slices.ts";
import { addUser } from "../services/accounts.ts";
import { actor, TestStore } from "../store-for-tests.ts";
import { type ObjectFilter, type ObjectPlace, pageOfObjects } from "./object-pages.ts";

/** More than one page looks through. */
const count = 5_200;
const plain = { email: "", fullName: "", staff: false, superuser: false, viewAny: false, password: null };
let store: TestStore;
let joe: string;

beforeAll(async () => {
  store = await TestStore.make();
  for (const name of ["joe", "ann"]) await addUser(store.db, actor, { ...plain, name });
  const ids = await store.db.selectFrom("users").select(["id", "name"]).execute();
  const idOf = (name: string) => ids.find((user) => user.name === name)?.id ?? "";
  joe = idOf("joe");
  // Names in pairs, as deleted objects may have them; the pair that a page ends within is one of them.
  const objects = Array.from({ length: count }, (_, index) => ({
    id: crypto.randomUUID(),
    name: `gone-${String((index + 1) >> 1).padStart(4, "0")}`,
    live_name: null,
    revision: 1,
    withheld: null,
  }));
  const members = objects.flatMap(({ id }, index) => {
    const sole = index === 10 || index === 4_999 || index === 5_000 || index === count - 1;
    const users = sole ? [joe] : [joe, idOf("ann")];
    return users.map((user_id) => ({ object_id: id, user_id, access: "write", pending: 0 }) as const);
  });
  for (const some of slices(objects)) await store.db.insertInto("objects").values(some).execute();
  for (const some of slices(members)) await store.db.insertInto("members").values(some).execute();
});
afterAll(() => store.close());

/** All pages of a list, and how many rows each has. */
async function pagesOf(
  filter: ObjectFilter,
): Promise<{ names: string[]; ids: Set<string>; sizes: number[] }> {
  const names: string[] = [];
  const ids = new Set<string>();
  const sizes: number[] = [];
  let after: ObjectPlace | null = null;
  do {
    const page: Awaited<ReturnType<typeof pageOfObjects>> = await pageOfObjects(store.db, filter, after, 50);
    sizes.push(page.objects.length);
    for (const { id, name } of page.objects) {
      names.push(name);
      ids.add(id);
    }
    after = page.next;
  } while (after !== null);
  return { names, ids, sizes };
}

test("what only one user can still read is found wherever it is, although a page looks through a part only", async () => {
  const { names, ids, sizes } = await pagesOf({ state: "deleted", text: "", memberId: joe, only: true });
  expect(names).toEqual(["gone-0005", "gone-2500", "gone-2500", "gone-2600"]);
  expect(ids.size).toBe(4);
  expect(sizes).toHaveLength(2);
});

test("all of a user's are listed once each, in order, whatever names are the same", async () => {
  const { names, ids, sizes } = await pagesOf({ state: "deleted", text: "", memberId: joe, only: false });
  expect(ids.size).toBe(count);
  expect(names).toEqual(names.toSorted());
  expect(sizes.slice(0, -1).every((size) => size === 50)).toBe(true);
});
