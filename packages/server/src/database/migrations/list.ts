import type { Migration } from "kysely/migration";
import { initial } from "./0001-initial.ts";
import { keptHistory } from "./0002-kept-history.ts";
import { pendingMembers } from "./0003-pending-members.ts";

/** Every migration under its number, in order. One that was released is never changed. */
export const migrations: Readonly<Record<string, Migration>> = {
  "0001-initial": initial,
  "0002-kept-history": keptHistory,
  "0003-pending-members": pendingMembers,
};
