import type { CheckAnswer } from "@pstore/core/api/schemas";

/** Something that is wrong with a store, where, and what to do about it. */
export type Fault = CheckAnswer["faults"][number];

/** The same within an object. */
export type FaultOfObject = Omit<Fault, "where">;

/** What to do where the signed truth itself is damaged. */
export const fromBackup =
  "restore the database from a backup; if it was not changed by hand, its disk or file is damaged";
