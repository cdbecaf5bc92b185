import { fstatSync } from "node:fs";
import { hostname } from "node:os";
import { asciiLine } from "@pstore/core/visible";
import type { Environment } from "../config.ts";
import type { FinishedRequest } from "../finished-request.ts";
import type { AuditRow } from "../services/audit.ts";
import { auditEntry, type Entry, requestEntry, type Severity } from "./entry.ts";
import { journal, json, syslog } from "./formats.ts";

export const logFormats = ["none", "journal", "syslog", "json"] as const;
export type LogFormat = (typeof logFormats)[number];

/** What the server says while it runs. */
export interface Log {
  /**
   * Words of its own.
   * @param request the id of the request that they are about
   */
  message(severity: Severity, text: string, request?: string): void;
  /** A row of the audit log; without a format it is in the database alone. */
  audit(row: AuditRow): void;
  /** An answered request. */
  request(request: FinishedRequest): void;
}

/**
 * @param write takes whole lines, each with its line feed
 */
export function makeLog(format: LogFormat, write: (line: string) => void): Log {
  if (format === "none") {
    return plainLog(write);
  }
  const formats: Record<Exclude<LogFormat, "none">, (entry: Entry) => string> = {
    journal,
    json,
    syslog: syslog(hostname(), process.pid),
  };
  const put = (entry: Entry) => write(`${formats[format](entry)}\n`);
  return {
    message: (severity, text, request) =>
      put({
        kind: "message",
        severity,
        time: new Date().toISOString(),
        fields: { message: text, ...(request === undefined ? {} : { request }) },
      }),
    audit: (row) => put(auditEntry(row)),
    request: (request) => put(requestEntry(request)),
  };
}

/** For people; the rows of the audit log would be too much for them. */
function plainLog(write: (line: string) => void): Log {
  const message: Log["message"] = (_, text, request) =>
    write(`pstore-server: ${request === undefined ? "" : `request ${request}: `}${text}\n`);
  return {
    message,
    audit: () => {},
    request: ({ id, method, route, status, seconds, bytes, user, address }) => {
      const who = user === "" ? address : `${asciiLine(user)} at ${address}`;
      const what = `${method} ${route} by ${who} was answered with ${status}`;
      message("info", `${what} and ${bytes} bytes in ${(seconds * 1000).toFixed(1)} ms`, id);
    },
  };
}

/** Whether standard error goes straight to systemd's journal (systemd.exec(5), `JOURNAL_STREAM`). */
export function isJournal(env: Environment): boolean {
  const stream = env["JOURNAL_STREAM"];
  if (stream === undefined) return false;
  const { dev, ino } = fstatSync(2, { bigint: true });
  return stream === `${dev}:${ino}`;
}
