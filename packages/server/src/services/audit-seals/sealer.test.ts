import { afterEach, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import { makeLog } from "../../log/log.ts";
import { TestStore } from "../../store-for-tests.ts";
import { record } from "../audit.ts";
import { ExpectedSeals } from "./expected.ts";
import { shownName } from "./seal.ts";
import { nameInLine } from "./seal-names.ts";
import { Sealer } from "./sealer.ts";
import { sealSome } from "./sealing.ts";
import { verifyAudit } from "./verification.ts";

let store: TestStore;

beforeEach(async () => {
  store = await TestStore.make();
});
afterEach(() => store.close());

const never = new AbortController().signal;
const actor = { userName: "joe", fingerprint: "", address: "192.0.2.1" };

async function write(count: number): Promise<void> {
  await record(
    store.db,
    actor,
    Array.from({ length: count }, () => ({ action: "read" as const })),
  );
}

/** A server's sealer, and what it prints. */
function sealer() {
  const lines: string[] = [];
  const log = makeLog("none", (line) => lines.push(line));
  return { sealer: new Sealer(store, log), lines };
}

async function verified(lines: readonly string[] = []) {
  const faults: string[] = [];
  const expected = new ExpectedSeals();
  for (const line of lines) {
    const name = nameInLine(line);
    if (name !== null) expected.add(name);
  }
  const report = (fault: string) => faults.push(fault);
  return { ...(await verifyAudit(store, { from: null, expected, report })), faults };
}

test("all rows are sealed in short transactions, and each newest seal is printed once", async () => {
  await write(2300);
  const one = sealer();
  await one.sealer.print(never);
  await one.sealer.print(never);
  expect(one.lines).toHaveLength(1);
  const found = await verified(one.lines);
  expect(found).toMatchObject({ faults: [], rows: 2300, compared: 1 });
  expect(found.seals).toBeGreaterThan(4);
  const newest = found.newest === null ? "" : shownName(found.newest);
  expect(one.lines).toEqual([`pstore-server: the audit log is sealed up to ${newest}\n`]);
  await write(1);
  await one.sealer.print(never);
  expect(one.lines).toHaveLength(2);
  // A second server prints it into its own log.
  const other = sealer();
  await other.sealer.print(never);
  expect(other.lines).toEqual(one.lines.slice(1));
});

test("whoever stops a server waits for one seal at most", async () => {
  await write(2300);
  const stopped = AbortSignal.abort();
  await sealer().sealer.seal(stopped);
  expect((await verified()).seals).toBe(1);
});

test("a running server says once when a seal that it has seen is changed or gone", async () => {
  const { sealer: one, lines } = sealer();
  await write(3);
  await one.seal(never);
  await one.seal(never);
  expect(lines).toEqual([]);
  await store.db.updateTable("audit_seals").set({ text: "x" }).execute();
  for (let round = 0; round < 3; round++) await one.seal(never);
  expect(lines).toEqual([
    expect.stringMatching(/the audit log was tampered with, .*its seal 1:[0-9a-f]{64} was changed; run/),
  ]);
  await store.db.deleteFrom("audit_seals").execute();
  // Somebody who wants all of them to be made anew.
  await store.db.updateTable("audit").set({ seal: null }).execute();
  for (let round = 0; round < 3; round++) await one.seal(never);
  expect(lines.slice(1)).toEqual([expect.stringMatching(/its seal 1:[0-9a-f]{64} is gone; run/)]);
});

test.each([1, 2])(
  "a server that another one overtakes behind its read %d leaves the rows to that one",
  async (read) => {
    await write(3);
    let reads = 0;
    const db = store.db.withPlugin({
      transformQuery: ({ node }) => node,
      transformResult: async ({ result }) => {
        if (++reads === read) await sealSome(store);
        return result;
      },
    });
    await sealSome({ db, store: store.store });
    expect(reads).toBeGreaterThanOrEqual(read);
    await write(2);
    await sealer().sealer.seal(never);
    expect(await verified()).toMatchObject({ faults: [], seals: 2, rows: 5 });
  },
);

test("processes that seal at once make one chain, and no row is sealed twice or left", async () => {
  const rows = 60;
  const processes = ["a", "b", "c"].map((name) =>
    Bun.spawn(
      [
        process.execPath,
        join(import.meta.dir, "sealing-process-for-tests.ts"),
        store.url,
        name,
        String(rows),
      ],
      { stdout: "pipe", stderr: "inherit" },
    ),
  );
  const printed = await Promise.all(processes.map(async ({ stdout }) => await new Response(stdout).text()));
  expect(await Promise.all(processes.map(({ exited }) => exited))).toEqual([0, 0, 0]);
  const { sealer: last } = sealer();
  await last.seal(never);
  const lines = printed.flatMap((text) => text.split("\n")).filter((line) => line !== "");
  const found = await verified(lines);
  expect(found).toMatchObject({ faults: [], rows: 3 * rows, compared: lines.length });
  expect(found.seals).toBeGreaterThanOrEqual(lines.length);
});
