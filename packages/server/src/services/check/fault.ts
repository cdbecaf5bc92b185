import type { CheckAnswer } from "@pstore/core/api/schemas";

/** Something that is wrong with a store, where, and what to do about it. */
export type Fault = CheckAnswer["faults"][number];

/** The same within an object. */
export type FaultOfObject = Omit<Fault, "where">;

/** Something that may be wrong with many objects in the same way, and is then mended in all of them in one go. */
export interface SharedFault {
  readonly kind: string;
  readonly fault: string;
  /** What to do about it in the objects of these names. */
  readonly solution: (machines: readonly string[]) => string;
}

/** A fault as it is found, in one object. */
export type Found = Fault | (SharedFault & { readonly where: string; readonly machine: string });

/** What to do where the signed truth itself is damaged. */
export const fromBackup =
  "restore the database from a backup; if it was not changed by hand, its disk or file is damaged";

/** How many machines a fault names one by one. */
const most = 5;

/** What was found, where what several objects share is one fault. */
export function gathered(found: readonly Found[]): Fault[] {
  const groups = Map.groupBy(found, (one) =>
    typeof one.solution === "string"
      ? one
      : // What is mended in different ways is not the same.
        [one.kind, one.fault, one.solution([""]), one.solution(["", ""])].join("\n"),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { kind, fault, solution } = first;
    if (typeof solution === "string") return [{ kind, where: first.where, fault, solution }];
    const shown = group.map((one) => one.where);
    const more = shown.length > most ? ` and ${shown.length - most} more` : "";
    const where = `${shown.slice(0, most).join(", ")}${more}`;
    const names = group.map((one) => ("machine" in one ? one.machine : one.where));
    return [{ kind, where, fault, solution: solution(names) }];
  });
}
