import type { FinishedRequest } from "../finished-request.ts";
import type { AuditRow } from "../services/audit.ts";

/** How urgent an entry is, by the numbers of syslog (RFC 5424, section 6.2.1). */
export const severities = { error: 3, warning: 4, notice: 5, info: 6 } as const;
export type Severity = keyof typeof severities;

/** One line of the log, before it has a form. */
export interface Entry {
  /** `audit`: a row of the audit log; `message`: the program's own words; `request`: an answered request. */
  readonly kind: "audit" | "message" | "request";
  readonly severity: Severity;
  /** RFC 3339, in UTC. */
  readonly time: string;
  /** What is known, in the order in which it is shown; the names are of letters alone. */
  readonly fields: Readonly<Record<string, string>>;
}

/** A row of the audit log under the names that programs see, in every format. */
export function auditFields(row: AuditRow): Readonly<Record<string, string>> {
  return {
    user: row.user_name,
    action: row.action,
    object: row.object_name,
    property: row.property,
    outcome: row.outcome,
    detail: row.detail,
    address: row.address,
    key: row.fingerprint,
    objectId: row.object_id,
    id: row.id,
  };
}

export function auditEntry(row: AuditRow): Entry {
  return { kind: "audit", severity: severityOf(row), time: row.time, fields: auditFields(row) };
}

function severityOf({ outcome }: AuditRow): Severity {
  if (outcome === "ok") return "info";
  // Somebody without a key tries the door; whoever is in and may not do something is less of a worry.
  return outcome === "sign-in-refused" ? "warning" : "notice";
}

/** An answered request under the names that programs see, in every format. */
export function requestEntry(request: FinishedRequest): Entry {
  const { id, method, route, status, seconds, bytes, user, address } = request;
  return {
    kind: "request",
    severity: status >= 500 ? "warning" : "info",
    time: new Date().toISOString(),
    fields: {
      request: id,
      method,
      route,
      status: String(status),
      milliseconds: (seconds * 1000).toFixed(1),
      bytes: String(bytes),
      user,
      address,
    },
  };
}
