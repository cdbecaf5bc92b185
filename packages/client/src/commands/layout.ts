import type { ObjectRow } from "@pstore/core/api/schemas";
import type { Property } from "@pstore/core/manifest";
import type { StoredObject } from "../store/store.ts";

/** The property that is shown decrypted, and last; it is always encrypted. */
export const passwordProperty = "password";

/** How wide a machine's name is shown, in characters; a longer one is followed by one space. */
export const nameWidth = 25;

/** A list of machines: a header, a rule, and a line each with who has access. */
export function listText(rows: readonly ObjectRow[]): string {
  const lines = rows.map(({ access, name, members }) => {
    const users = [...members].sort((a, b) => (a.user < b.user ? -1 : 1)).map(shownMember);
    return `${mark(access)} ${name.padEnd(nameWidth)} ${users.join(", ")}`;
  });
  return [`  ${"Machine".padEnd(nameWidth)} User access`, "-".repeat(72), ...lines].join("\n");
}

/** A verified object as a row of a list. */
export function rowOf({ manifest, access }: StoredObject): ObjectRow {
  const members = [...manifest.members].map(([user, member]) => ({ user, access: member.access }));
  return { id: manifest.object.id, name: manifest.object.name, access, members };
}

/** As on the command line: whoever may only read is marked. */
function shownMember({ user, access }: ObjectRow["members"][number]): string {
  return access === "read" ? `${user}:read` : user;
}

/** `+`: may be written by the user here, `-`: read, space: not theirs. */
function mark(access: ObjectRow["access"]): string {
  if (access === "write") return "+";
  return access === "read" ? "-" : " ";
}

/** A property whose value is not shown. */
export function summary({ kind, size }: Property): string {
  return kind === "encrypted" ? `(${size} byte encrypted)` : `(${size} byte document)`;
}

/** A value behind `name = `: on the same line, or with line feeds on lines of its own. */
export function laidOut(text: string): string {
  if (!text.includes("\n")) return text;
  const lines = text.endsWith("\n") ? text.slice(0, -1).split("\n") : text.split("\n");
  return ["\\", ...lines.map((line) => ` | ${line}`)].join("\n");
}

/** The value as text, or `null` when it is not UTF-8. */
export function asText(value: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    return null;
  }
}

/** A value in JSON: text where it is UTF-8, else base64. */
export function asJsonValue(value: Buffer): { value: string } | { base64: string } {
  const text = asText(value);
  return text === null ? { base64: value.toString("base64") } : { value: text };
}

/** Black on black: readable for whoever marks it, not for whoever looks over a shoulder. */
export function concealed(text: string): string {
  return text
    .split("\n")
    .map((line) => `\u001b[30;40m${line}\u001b[0m`)
    .join("\n");
}

export function byName<T>([a]: readonly [string, T], [b]: readonly [string, T]): number {
  return a < b ? -1 : 1;
}
