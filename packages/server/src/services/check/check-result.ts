import { type Fingerprint, isFingerprint } from "@pstore/core/fingerprint";
import * as v from "valibot";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const time = v.pipe(v.string(), v.isoTimestamp());

/** The first of a list, and how many there are. */
function list<T extends v.GenericSchema>(item: T) {
  return v.object({ shown: v.array(item), count });
}

const memberCount = { user: v.string(), objects: count };

/** What a run of the consistency check has found out, as it is kept: bounded, however large the store is. */
export const CheckResult = v.object({
  /** How many objects were looked at, deleted ones too. */
  objects: count,
  faults: list(v.object({ kind: v.string(), where: v.string(), fault: v.string(), solution: v.string() })),
  /** Current keys of active users that end soon, or have ended. */
  ending: list(
    v.object({
      user: v.string(),
      fingerprint: v.custom<Fingerprint>((text) => typeof text === "string" && isFingerprint(text)),
      expires: time,
    }),
  ),
  /** Active users who have no key that is good for anything, or only write-only ones beside one that read. */
  keyless: list(v.object({ user: v.string(), keys: count, writes: v.boolean() })),
  waiting: list(v.object(memberCount)),
  departed: list(
    v.object({ ...memberCount, stuck: count, state: v.picklist(["disabled", "removed", "unknown"]) }),
  ),
  stale: list(v.object({ ...memberCount, outdated: count, lacking: count, own: count, usable: v.boolean() })),
  /** Revisions without a signature. */
  unsigned: count,
  /** In bytes, see `Tally`. */
  bytes: v.object({ current: count, kept: count }),
  auditRows: count,
  largest: v.array(v.object({ id: v.pipe(v.string(), v.uuid()), name: v.string(), size: count })),
});
export type CheckResult = v.InferOutput<typeof CheckResult>;

/** So many faults are kept; and so many of anything else. */
const mostFaults = 1000;
const mostOthers = 200;

/** A list as it is kept. */
export function kept<T>(all: readonly T[], most = mostOthers): { shown: T[]; count: number } {
  return { shown: all.slice(0, most), count: all.length };
}

/** Faults as they are kept. */
export function keptFaults<T>(all: readonly T[]): { shown: T[]; count: number } {
  return kept(all, mostFaults);
}

/** What was kept; `null` where it is of a version that kept something else. */
export function readCheckResult(text: string): CheckResult | null {
  try {
    const found = v.safeParse(CheckResult, JSON.parse(text));
    return found.success ? found.output : null;
  } catch {
    return null;
  }
}
