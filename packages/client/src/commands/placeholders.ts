import { machineName, propertyName } from "@pstore/core/names";
import { Problem } from "@pstore/core/problem";

/** A place in a template that a value takes. */
export interface Placeholder {
  readonly machine: string;
  readonly property: string;
  /** Where it stands: `FILE:LINE`. */
  readonly place: string;
}

/** What a template is made of: bytes that stay as they are, and placeholders. */
export type Part = Uint8Array | Placeholder;

const quoted = String.raw`"((?:[^"\\\r\n]|\\["\\])*)"`;
const space = String.raw`[ \t]*`;

/** `"TEXT"`, which stands for itself, or `"MACHINE" "PROPERTY"`, up to the closing braces. */
const quotedForm = new RegExp(String.raw`${space}${quoted}(?:[ \t]+${quoted})?${space}}}`, "y");
/** `MACHINE/PROPERTY`, divided by the first slash. */
const plainForm = new RegExp(String.raw`${space}([^/{}\r\n]+)/([^{}\r\n]*[^{}\s])${space}}}`, "y");

/**
 * Takes a template apart.
 * @param file what messages call it
 * @throws Problem `local-fault` where the braces hold no placeholder, with file and line
 */
export function parseTemplate(template: Uint8Array, file: string): readonly Part[] {
  // One character a byte: what is not ours may be in any encoding.
  const text = Buffer.from(template.buffer, template.byteOffset, template.byteLength).toString("latin1");
  const parts: Part[] = [];
  let line = 1;
  let end = 0;
  for (let open = text.indexOf("{{"); open >= 0; open = text.indexOf("{{", end)) {
    if (open > end) parts.push(template.subarray(end, open));
    line += lineFeeds(text, end, open);
    const form = /[ \t]*"/y;
    form.lastIndex = open + 2;
    const pattern = form.test(text) ? quotedForm : plainForm;
    pattern.lastIndex = open + 2;
    const match = pattern.exec(text);
    const place = `${file}:${line}`;
    if (match === null) throw malformed(place);
    const [first = "", second] = match.slice(1).map(pattern === quotedForm ? unescaped : (name) => name);
    parts.push(second === undefined ? Buffer.from(first, "latin1") : placeholder(first, second, place));
    end = pattern.lastIndex;
  }
  if (end < template.length) parts.push(template.subarray(end));
  return parts;
}

export function isPlaceholder(part: Part): part is Placeholder {
  return !(part instanceof Uint8Array);
}

function unescaped(text: string | undefined): string | undefined {
  return text?.replace(/\\(.)/g, "$1");
}

function placeholder(machine: string, property: string, place: string): Placeholder {
  try {
    return { machine: machineName(machine), property: propertyName(property), place };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new Problem("local-fault", `${place}: ${error.message}`, { cause: error });
  }
}

function malformed(place: string): Problem {
  return new Problem(
    "local-fault",
    `${place}: {{ opens no {{machine/property}} or {{"machine" "property"}} that }} closes on the same line; write {{"{{"}} for the braces themselves`,
  );
}

function lineFeeds(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf("\n", from); at >= 0 && at < to; at = text.indexOf("\n", at + 1)) count++;
  return count;
}
