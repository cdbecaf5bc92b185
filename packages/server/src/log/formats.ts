import { asciiLine } from "@pstore/core/visible";
import { type Entry, severities } from "./entry.ts";

/** JSON of printable ASCII alone: one line, whatever it holds, that no terminal acts upon. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** One JSON object a line. */
export function json({ kind, severity, time, fields }: Entry): string {
  return asciiJson({ time, severity, kind, ...fields });
}

/**
 * For systemd's journal: a priority in front (sd-daemon(3)), the rest in logfmt: `name=value`, where a value of anything
 * but a few harmless characters is a JSON string, so that none can pass for another field or line.
 */
export function journal({ kind, severity, time, fields }: Entry): string {
  const pairs = filled({ ...fields, time }).map(([name, value]) => `${name}=${logfmtValue(value)}`);
  return `<${severities[severity]}>${kind} ${pairs.join(" ")}`;
}

function logfmtValue(value: string): string {
  return /^[A-Za-z0-9._:/@+-]+$/.test(value) ? value : asciiJson(value);
}

/** "Private security messages" and "system daemons" (RFC 5424, section 6.2.1). */
const facilities = { audit: 10, message: 3, request: 3 } as const;

/**
 * A line of syslog (RFC 5424) with the fields as structured data. We have no enterprise number; 32473 is the one for
 * examples (RFC 5612), which collides with nobody's real one.
 */
export function syslog(host: string, pid: number): (entry: Entry) => string {
  // Section 6.2.4: printable ASCII without spaces; `-` is for one that is not known.
  const shownHost = /^[\x21-\x7e]{1,255}$/.test(host) ? host : "-";
  return ({ kind, severity, time, fields }) => {
    const priority = facilities[kind] * 8 + severities[severity];
    const parameters = filled(fields).map(([name, value]) => ` ${name}="${parameterValue(value)}"`);
    const data = `[pstore@32473${parameters.join("")}]`;
    return `<${priority}>1 ${time} ${shownHost} pstore-server ${pid} ${kind} ${data}`;
  };
}

/** Section 6.3.3: quotes, backslashes and closing brackets are escaped. */
function parameterValue(value: string): string {
  return asciiLine(value).replace(/["\\\]]/g, "\\$&");
}

function filled(fields: Entry["fields"]): [name: string, value: string][] {
  return Object.entries(fields).filter(([, value]) => value !== "");
}
