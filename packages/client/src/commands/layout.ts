import type { ObjectRow } from "@pstore/core/api/schemas";
import { isPending } from "@pstore/core/checks";
import type { Manifest, Property } from "@pstore/core/manifest";
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
  return { id: manifest.object.id, name: manifest.object.name, access, members: membersOf(manifest) };
}

/** The members of an object, as rows and JSON have them. */
export function membersOf({ members }: Manifest): ObjectRow["members"] {
  return [...members].map(([user, member]) => ({ user, access: member.access, pending: isPending(member) }));
}

/** As on the command line: whoever may only read is marked; and who waits to be let in. */
function shownMember({ user, access, pending }: ObjectRow["members"][number]): string {
  return `${user}${access === "read" ? ":read" : ""}${pending ? ":pending" : ""}`;
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
  return [...inLayout([text], text.includes("\n"))].join("");
}

/**
 * A value in pieces, laid out likewise: nothing of it is decoded before it is needed, since it may be large; `null` when it
 * is not UTF-8.
 */
export function laidOutPieces(value: readonly Uint8Array[]): Iterable<string> | null {
  try {
    for (const _ of decoded(value));
  } catch {
    return null;
  }
  return inLayout(
    decoded(value),
    value.some((piece) => piece.includes(0x0a)),
  );
}

function* inLayout(texts: Iterable<string>, hasLines: boolean): Generator<string> {
  if (!hasLines) {
    yield* texts;
    return;
  }
  yield "\\\n | ";
  // The line feed at the very end begins no line.
  let ended = "";
  for (const text of texts) {
    if (text === "") continue;
    const lines = `${ended}${text}`;
    ended = text.endsWith("\n") ? "\n" : "";
    yield lines.slice(0, lines.length - ended.length).replaceAll("\n", "\n | ");
  }
}

/** The value as text, or `null` when it is not UTF-8. */
export function asText(value: Uint8Array): string | null {
  try {
    return [...decoded([value])].join("");
  } catch {
    return null;
  }
}

/** After how many bytes the texts made of them are cleared away, which the runtime puts off while much else is held. */
const clearedAfter = 16 * 1024 * 1024;

/** @throws TypeError where it is not UTF-8 */
function* decoded(value: readonly Uint8Array[]): Generator<string> {
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let made = 0;
  for (const piece of value) {
    yield utf8.decode(piece, { stream: true });
    made += piece.length;
    if (made < clearedAfter) continue;
    made = 0;
    Bun.gc(true);
  }
  yield utf8.decode();
}

/** A value in JSON: text where it is UTF-8, else base64. */
export function asJsonValue(value: Buffer): { value: string } | { base64: string } {
  const text = asText(value);
  return text === null ? { base64: value.toString("base64") } : { value: text };
}

export function byName<T>([a]: readonly [string, T], [b]: readonly [string, T]): number {
  return a < b ? -1 : 1;
}
