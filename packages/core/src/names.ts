import { Problem } from "./problem.ts";
import { asciiLine } from "./visible.ts";

/** The longest name of a machine or property, in characters (all are ASCII, so also in bytes). */
export const maxNameLength = 255;
/** The longest user name, in characters. */
export const maxUserLength = 150;

/** One or more printable ASCII characters: what names of machines and properties are made of. */
export const printable = /^[\x20-\x7e]+$/;
const user = /^[A-Za-z0-9._@][A-Za-z0-9._@-]*$/;

function checkPrintable(name: string, what: string): void {
  if (name === "")
    throw new Problem(
      "bad-name",
      `the ${what} name is empty; give one of 1 to ${maxNameLength} printable ASCII characters`,
    );
  if (name.length > maxNameLength) {
    throw new Problem(
      "bad-name",
      `the ${what} name '${shown(name)}' has ${name.length} characters, but at most ${maxNameLength} are allowed`,
    );
  }
  if (!printable.test(name)) {
    throw new Problem(
      "bad-name",
      `the ${what} name '${shown(name)}' holds a control or non-ASCII character; use printable ASCII only`,
    );
  }
}

/** The start of a refused name, safe to print. */
function shown(name: string): string {
  return name.length > 40 ? `${asciiLine(name.slice(0, 40))}…` : asciiLine(name);
}

/**
 * A machine's name as it is stored: 1 to 255 printable ASCII characters, case kept, not beginning with `+`, `^` or `-`.
 * @throws Problem `bad-name`
 */
export function machineName(text: string): string {
  checkPrintable(text, "machine");
  if (/^[+^-]/.test(text)) {
    throw new Problem(
      "bad-name",
      `the machine name '${shown(text)}' may not begin with '${text[0]}'; choose another first character`,
    );
  }
  return text;
}

/**
 * A property's name as it is stored: 1 to 255 printable ASCII characters, lower-cased.
 * @throws Problem `bad-name`
 */
export function propertyName(text: string): string {
  checkPrintable(text, "property");
  return text.toLowerCase();
}

/**
 * A user's name, compared exactly: 1 to 150 of `A-Z a-z 0-9 . _ @ -`, not beginning with `-`.
 * @throws Problem `bad-name`
 */
export function userName(text: string): string {
  if (text.length > maxUserLength || !user.test(text)) {
    throw new Problem(
      "bad-name",
      `'${shown(text)}' is no user name: use 1 to ${maxUserLength} of A-Z, a-z, 0-9, '.', '_', '@' and '-', not beginning with '-'`,
    );
  }
  return text;
}

export const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Whether a text is a random UUID (RFC 9562, version 4) in lower case: the id of a store, an object or an upload. */
export function isUuid(text: unknown): text is string {
  return typeof text === "string" && uuidPattern.test(text);
}
