import { Problem } from "./problem.ts";

/**
 * JSON (RFC 8259) read strictly, for bytes that are signed: what a signature covers must have one meaning only.
 *
 * `JSON.parse` silently takes the last of two members of one name, and gives `__proto__` and names of digits a life of
 * their own. Here an object is a `Map`, in the order of the text, and a repeated name is refused. Numbers are
 * non-negative integers up to 2^53 - 1, which is all that our formats use.
 */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject extends ReadonlyMap<string, Json> {}

const maxDepth = 16;
const stringPattern = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const integerPattern = /(?:0|[1-9][0-9]{0,15})(?![0-9.eE])/y;
const spacePattern = /[ \t\r\n]*/y;
const literals: readonly (readonly [string, Json])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];

/**
 * Reads a JSON text.
 * @throws Problem `bad-manifest` with the offset (in UTF-16 units) of what is wrong
 */
export function parseJson(text: string): Json {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): Json {
    if (depth > maxDepth) this.#fail("is nested too deeply");
    this.#space();
    const next = this.#text[this.#at];
    if (next === "{") return this.#object(depth);
    if (next === "[") return this.#array(depth);
    if (next === '"') return this.#string();
    for (const [word, meaning] of literals) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return meaning;
      }
    }
    const number = Number(this.#match(integerPattern, "is not JSON with whole numbers"));
    if (!Number.isSafeInteger(number)) this.#fail("holds a number over 2^53 - 1");
    return number;
  }

  end(): void {
    this.#space();
    if (this.#at !== this.#text.length) this.#fail("goes on after its end");
  }

  #object(depth: number): JsonObject {
    const members = new Map<string, Json>();
    this.#list("{", "}", () => {
      this.#space();
      const name = this.#string();
      if (members.has(name)) this.#fail(`names ${JSON.stringify(name.slice(0, 80))} twice`);
      this.#space();
      this.#expect(":");
      members.set(name, this.value(depth + 1));
    });
    return members;
  }

  #array(depth: number): readonly Json[] {
    const items: Json[] = [];
    this.#list("[", "]", () => items.push(this.value(depth + 1)));
    return items;
  }

  #list(open: string, close: string, item: () => void): void {
    this.#expect(open);
    this.#space();
    if (this.#text[this.#at] === close) {
      this.#at++;
      return;
    }
    for (;;) {
      item();
      this.#space();
      if (this.#text[this.#at] === close) {
        this.#at++;
        return;
      }
      this.#expect(",");
    }
  }

  #string(): string {
    const text = JSON.parse(this.#match(stringPattern, "lacks a string")) as string;
    if (!text.isWellFormed()) this.#fail("holds half a character");
    return text;
  }

  #space(): void {
    spacePattern.lastIndex = this.#at;
    spacePattern.test(this.#text);
    this.#at = spacePattern.lastIndex;
  }

  #expect(character: string): void {
    if (this.#text[this.#at] !== character) this.#fail(`lacks a '${character}'`);
    this.#at++;
  }

  #match(pattern: RegExp, complaint: string): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) this.#fail(complaint);
    this.#at = pattern.lastIndex;
    return found[0];
  }

  #fail(complaint: string): never {
    throw new Problem("bad-manifest", `the signed text ${complaint} at character ${this.#at}`);
  }
}
