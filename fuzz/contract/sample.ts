// Values that a JSON schema allows.

import { uuidPattern } from "@pstore/core/names";
import fc from "fast-check";
import type { Json } from "../mutate/json.ts";
import type { Random } from "../random.ts";
import type { Vocabulary } from "../vocabulary.ts";

/** Of JSON Schema 2020-12, as much as the API's own schemas use. */
export interface Schema {
  readonly type?: string;
  readonly const?: Json;
  readonly enum?: readonly Json[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly format?: string;
}

/** How many texts are made of a pattern: making one takes long. */
const ofPattern = 24;

export class Sampler {
  readonly #vocabulary: Vocabulary | null;
  readonly #texts = new Map<string, readonly string[]>();
  readonly #seed: number;

  /** @param vocabulary `null`: nothing is known, as when an answer is made up */
  constructor(seed: number, vocabulary: Vocabulary | null) {
    this.#seed = seed;
    this.#vocabulary = vocabulary;
  }

  /** @param name of the parameter or member, for the vocabulary */
  sample(random: Random, schema: Schema, name = ""): Json {
    if (schema.const !== undefined) return schema.const;
    if (schema.enum !== undefined) return random.pick(schema.enum);
    if (schema.anyOf !== undefined) return this.sample(random, random.pick(schema.anyOf), name);
    switch (schema.type) {
      case "object":
        return this.#object(random, schema);
      case "array": {
        const { items = {}, minItems = 0, maxItems = 3 } = schema;
        const length = Math.max(minItems, random.below(Math.min(maxItems, 3) + 1));
        return Array.from({ length }, () => this.sample(random, items, name));
      }
      case "string":
        return this.#text(random, schema, name);
      case "integer":
      case "number":
        return (schema.minimum ?? 0) + random.below(100);
      case "boolean":
        return random.chance(50);
      default:
        return null;
    }
  }

  #object(random: Random, { properties = {}, required = [] }: Schema): Json {
    const entries: [string, Json][] = [];
    for (const [name, schema] of Object.entries(properties))
      if (required.includes(name) || random.chance(50))
        entries.push([name, this.sample(random, schema, name)]);
    return Object.fromEntries(entries);
  }

  #text(random: Random, schema: Schema, name: string): string {
    // Each time another one, where a thing is to be new.
    if (name === "" && schema.pattern === uuidPattern.source) return random.uuid();
    const word = random.chance(85) ? (this.#vocabulary?.word(random, name) ?? null) : null;
    if (word !== null && fits(word, schema)) return word;
    return random.pick(this.#textsOf(schema));
  }

  #textsOf(schema: Schema): readonly string[] {
    const { pattern, minLength = 0, maxLength = 1000 } = schema;
    const key = `${minLength} ${maxLength} ${pattern}`;
    let texts = this.#texts.get(key);
    if (texts === undefined) {
      const length = { minLength, maxLength: Math.min(maxLength, 300) };
      const any = fc.string({ ...length, unit: "grapheme" });
      const arbitrary = pattern === undefined ? any : fc.stringMatching(new RegExp(pattern, "u"));
      texts = fc
        .sample(arbitrary, { seed: this.#seed, numRuns: ofPattern })
        .filter((text) => fits(text, schema));
      if (texts.length === 0) throw new Error(`No text fits ${key}.`);
      this.#texts.set(key, texts);
    }
    return texts;
  }
}

/** JSON Schema counts code points. */
function fits(
  text: string,
  { pattern, minLength = 0, maxLength = Number.POSITIVE_INFINITY }: Schema,
): boolean {
  const length = [...text].length;
  // The server counts units of UTF-16, so that a text of emoji is too long for it.
  if (length < minLength || text.length > maxLength) return false;
  return pattern === undefined || new RegExp(pattern, "u").test(text);
}
