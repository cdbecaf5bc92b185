import type { Migration } from "kysely/migration";
import type { ColumnTypes } from "../columns.ts";
import { initial } from "./0001-initial.ts";
import { keptHistory } from "./0002-kept-history.ts";
import { pendingMembers } from "./0003-pending-members.ts";
import { webAdmin } from "./0004-web-admin.ts";
import { withheldObjects } from "./0005-withheld-objects.ts";
import { auditIndexes } from "./0006-audit-indexes.ts";
import { dailyFigures } from "./0007-daily-figures.ts";
import { checkRuns } from "./0008-check-runs.ts";
import { mail } from "./0009-mail.ts";
import { keyUserIds } from "./0010-key-user-ids.ts";
import { auditSeals } from "./0011-audit-seals.ts";
import { requestCounts } from "./0012-request-counts.ts";
import { userVersions } from "./0013-user-versions.ts";

/** Every migration under its number, in order. One that was released is never changed. */
const all: Readonly<Record<string, (types: ColumnTypes) => Migration>> = {
  "0001-initial": initial,
  "0002-kept-history": keptHistory,
  "0003-pending-members": pendingMembers,
  "0004-web-admin": webAdmin,
  "0005-withheld-objects": withheldObjects,
  "0006-audit-indexes": auditIndexes,
  "0007-daily-figures": dailyFigures,
  "0008-check-runs": checkRuns,
  "0009-mail": mail,
  "0010-key-user-ids": keyUserIds,
  "0011-audit-seals": auditSeals,
  "0012-request-counts": requestCounts,
  "0013-user-versions": userVersions,
};

export const migrationNames: readonly string[] = Object.keys(all);

/** The migrations for the engine that has these types. */
export function migrations(types: ColumnTypes): Record<string, Migration> {
  return Object.fromEntries(Object.entries(all).map(([name, make]) => [name, make(types)]));
}
