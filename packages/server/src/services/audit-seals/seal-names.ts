import { type SealName, shownName } from "./seal.ts";

/** What the server prints of a seal. */
export function announcement(name: SealName): string {
  return `the audit log is sealed up to ${shownName(name)}`;
}

const printed = /the audit log is sealed up to ([1-9][0-9]{0,9}):([0-9a-f]{64})(?![0-9a-f])/;
/**
 * A row of the audit log, in any form that it has in the system's log, also within JSON. Users choose names of machines
 * that stand in it: nothing there is taken for what the server says.
 */
const ofAudit = /(^|[^a-z])audit (user=|action=|\[pstore@)|\\?"kind\\?":\\?"audit/;

/** `NUMBER:DIGEST`; `null` where a text is nothing like it. */
export function readName(text: string): SealName | null {
  const [, number, digest = ""] = /^([1-9][0-9]{0,9}):([0-9a-f]{64})$/.exec(text.trim()) ?? [];
  return number === undefined ? null : { number: Number(number), digest };
}

/** The seal that a line of the system's log tells of, or that is the line; `null` where it tells of none. */
export function nameInLine(line: string): SealName | null {
  const name = readName(line);
  if (name !== null || ofAudit.test(line)) return name;
  const [, number, digest = ""] = printed.exec(line) ?? [];
  return number === undefined ? null : { number: Number(number), digest };
}
