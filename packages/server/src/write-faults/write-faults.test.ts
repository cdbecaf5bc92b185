import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createDatabase } from "../database/open.ts";
import { checkDeeply } from "../services/check/deep/deep.ts";
import { TestStore } from "../store-for-tests.ts";
import { type FaultyDatabase, openFaulty } from "./engine-faults-for-tests.ts";
import type { StatementFault } from "./faulty-dialect-for-tests.ts";
import { difference, type Image, imageOf } from "./image-for-tests.ts";
import { isThorough, pointsOf } from "./points-for-tests.ts";
import { Team, type WriteKind, writeKinds } from "./writes-for-tests.ts";

let faulty: FaultyDatabase;
let store: TestStore;
let team: Team;
const figures = { points: 0, before: 0, after: 0, between: 0, answered: 0 };

/** Makes a new store. */
async function renew(): Promise<void> {
  store = await TestStore.make(async (location) => {
    await (await createDatabase(location)).destroy();
    faulty = await openFaulty(location);
    return faulty.db;
  });
  team = await Team.of(store);
}

/** Has a deep check look at the store, and leaves it. */
async function leave(): Promise<void> {
  const { faults } = await checkDeeply(store.db, store.store);
  await faulty.close();
  await store.close();
  expect(faults).toEqual([]);
}

beforeAll(renew);
afterAll(async () => {
  await leave();
  const { points, before, after, between, answered } = figures;
  console.log(
    `${points} faults in ${store.db.engine}: ${answered} writes answered as done all the same; of the others ${before} left the store as before, ${after} as after, ${between} between two steps`,
  );
});

/** How a write changes the store, and with how many statements, when nothing goes wrong. */
async function unhurt(kind: WriteKind): Promise<{ change: string; statements: number }> {
  const write = await kind.make(team);
  const before = await imageOf(store.db);
  faulty.striker.arm(null, 0);
  const reply = await write();
  const statements = faulty.striker.count;
  expect(reply.sentence).toBeNull();
  return { change: difference(before, await imageOf(store.db)), statements };
}

/** Has one write meet one fault, and looks at what came of it. */
async function meet(kind: WriteKind, fault: StatementFault, at: number, change: string): Promise<void> {
  const write = await kind.make(team);
  const before = await imageOf(store.db);
  faulty.striker.arm(fault, at);
  const reply = await write();
  const { hasStruck } = faulty.striker;
  await faulty.striker.disarm();
  if (!hasStruck) throw new Error(`there was no statement ${at}`);
  figures.points++;

  const found = difference(before, await imageOf(store.db));
  if (reply.sentence === null) {
    figures.answered++;
    expect(found).toBe(change);
  } else {
    expect(reply).toEqual({ status: 503, sentence: expect.stringMatching(/^[a-z][^\n]{10,250}$/) });
    judge(kind, found, change);
  }
  await repeat(kind, write, { before, isDone: found === change, change });
}

function judge(kind: WriteKind, found: string, change: string): void {
  if (found === "") figures.before++;
  else if (found === change) figures.after++;
  else if (kind.isInSteps) figures.between++;
  else expect([found, "the same as before, or as after"]).toEqual(["", change]);
}

/** The same write again: it is done, or was. */
async function repeat(
  kind: WriteKind,
  write: () => Promise<{ status: number; sentence: string | null }>,
  { before, isDone, change }: { before: Image; isDone: boolean; change: string },
): Promise<void> {
  const reply = await write();
  if (isDone) expect(kind.again).toContain(reply.status);
  else expect(reply.sentence).toBeNull();
  await kind.finish?.(team);
  const found = difference(before, await imageOf(store.db));
  const withoutLog = (text: string) => text.replace(/(?:, )?audit \+\d+ -0 ~0/, "");
  if (kind.isLoggedAgain) expect(withoutLog(found)).toBe(withoutLog(change));
  else expect(found).toBe(change);
}

describe.each(writeKinds.map((kind) => [kind.name, kind] as const))("%s", (name, kind) => {
  test("is done or not done, whatever goes wrong at whichever statement", async () => {
    const { change, statements } = await unhurt(kind);
    // Of commits most depends, and they consist of most.
    const share = name.startsWith("a commit") ? 1 : 0.4;
    expect(change).not.toBe("");
    for (const which of faulty.faults.keys()) {
      // A small one is looked through in no time.
      if (isThorough) {
        await leave();
        await renew();
      }
      const fault = faulty.faults[which] as StatementFault;
      for (const at of pointsOf(statements, `${name} ${fault.name}`, share)) {
        try {
          await meet(kind, fault, at, change);
        } catch (error) {
          throw new Error(`${fault.name}, at statement ${at} of ${statements}`, { cause: error });
        }
      }
    }
  });
});
