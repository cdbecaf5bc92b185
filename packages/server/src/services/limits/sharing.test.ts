import { afterAll, beforeAll, expect, test } from "bun:test";
import { TestStore } from "../../store-for-tests.ts";
import { RequestLimits } from "./requests.ts";

let store: TestStore;
beforeAll(async () => {
  store = await TestStore.make();
});
afterAll(() => store.close());

const rates = { maxAddressRequests: 100, maxUserRequests: 0, maxRefusals: 0 };

/** A server process, as far as limits go; its clock stands still, at a time that is like no other's. */
function server(clock = Math.random() * 1e9) {
  const limits = new RequestLimits(rates, () => clock);
  return {
    limits,
    /** How many of so many requests from an address are let through. */
    ask(address: string, count: number): number {
      let number = 0;
      for (let n = 0; n < count; n++) {
        try {
          limits.countAddress(address);
          number++;
        } catch {}
      }
      return number;
    },
    exchange: () => limits.shared.exchange(store.db),
  };
}

async function rows(): Promise<number> {
  return (await store.db.selectFrom("request_counts").select("server").execute()).length;
}

test("servers take over what the others counted since, and it counts once, whatever their clocks say", async () => {
  const [a, b, c] = [server(), server(), server()];
  for (const one of [a, b, c]) expect(one.ask("192.0.2.1", 20)).toBe(20);
  for (const one of [a, b, c, a, b, c]) await one.exchange();
  expect(a.ask("192.0.2.1", 30)).toBe(30);
  for (const one of [a, b, c, a, b, c, b]) await one.exchange();
  // What was counted before they knew of each other counts where it came alone: 20 here, and then the 30 there.
  expect(b.ask("192.0.2.1", 200)).toBe(50);
  expect(c.ask("192.0.2.2", 200)).toBe(100);
  for (const one of [b, c, a]) await one.exchange();
  expect(a.ask("192.0.2.1", 200)).toBe(0);
  expect(await rows()).toBe(3);
});

test("a server that begins takes nothing of what others counted before for new", async () => {
  const old = server();
  expect(old.ask("192.0.2.3", 200)).toBe(100);
  await old.exchange();
  const fresh = server();
  expect(fresh.ask("192.0.2.3", 10)).toBe(10);
  await fresh.exchange();
  expect(fresh.ask("192.0.2.3", 200)).toBe(90);
});

test("servers of which nobody asks much leave the database alone", async () => {
  const before = await rows();
  const quiet = server();
  expect(quiet.ask("192.0.2.4", 9)).toBe(9);
  await quiet.exchange();
  expect(await rows()).toBe(before);
});

test("a row that nobody writes between two rounds is dropped, one that was written is not", async () => {
  await store.db.deleteFrom("request_counts").execute();
  const [dead, alive] = [server(), server()];
  for (const one of [dead, alive]) {
    one.ask("192.0.2.5", 50);
    await one.exchange();
  }
  await alive.limits.shared.dropStale(store.db);
  expect(await rows()).toBe(2);
  await alive.exchange();
  await alive.limits.shared.dropStale(store.db);
  expect(await rows()).toBe(1);
  // Whoever was only quiet is there again with the next word.
  await dead.exchange();
  expect(await rows()).toBe(2);
});

test("a server whose row another version wrote, or whose count began anew, does no harm", async () => {
  const one = server();
  one.ask("192.0.2.6", 20);
  await one.exchange();
  const other = { server: "other", written: 1, counts: '{"addresses":{"192.0.2.6":50},"more":{"x":{}}}' };
  await store.db.insertInto("request_counts").values(other).execute();
  await one.exchange();
  const counts = '{"addresses":{"192.0.2.6":3}}';
  await store.db.updateTable("request_counts").set({ counts }).where("server", "=", "other").execute();
  await one.exchange();
  expect(one.ask("192.0.2.6", 200)).toBe(80);
});
