import { fstatSync } from "node:fs";
import { hostname } from "node:os";
import type { Environment } from "../config.ts";
import type { AuditRow } from "../services/audit.ts";
import { auditEntry, type Entry, type Severity } from "./entry.ts";
import { journal, json, syslog } from "./formats.ts";

export const logFormats = ["none", "journal", "syslog", "json"] as const;
export type LogFormat = (typeof logFormats)[number];

/** What the server says while it runs. */
export interface Log {
  /** Words of its own. */
  message(severity: Severity, text: string): void;
  /** A row of the audit log; without a format it is in the database alone. */
  audit(row: AuditRow): void;
}

/**
 * @param write takes whole lines, each with its line feed
 */
export function makeLog(format: LogFormat, write: (line: string) => void): Log {
  if (format === "none") {
    return { message: (_, text) => write(`pstore-server: ${text}\n`), audit: () => {} };
  }
  const formats: Record<Exclude<LogFormat, "none">, (entry: Entry) => string> = {
    journal,
    json,
    syslog: syslog(hostname(), process.pid),
  };
  const put = (entry: Entry) => write(`${formats[format](entry)}\n`);
  return {
    message: (severity, text) =>
      put({ kind: "message", severity, time: new Date().toISOString(), fields: { message: text } }),
    audit: (row) => put(auditEntry(row)),
  };
}

/** Whether standard error goes straight to systemd's journal (systemd.exec(5), `JOURNAL_STREAM`). */
export function isJournal(env: Environment): boolean {
  const stream = env["JOURNAL_STREAM"];
  if (stream === undefined) return false;
  const { dev, ino } = fstatSync(2, { bigint: true });
  return stream === `${dev}:${ino}`;
}
