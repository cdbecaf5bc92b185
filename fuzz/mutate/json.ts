// Changes the structure of JSON: wrong types, what is missing, too much, repeated, deep or huge.
import type { Random } from "../random.ts";
import { mutateText, strangeText } from "./text.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** What no value of JavaScript is written as. */
const strangeNumbers: readonly string[] = [
  "-0",
  "1e999",
  "-1e999",
  "1E-400",
  "9007199254740993",
  "18446744073709551616",
  `1${"0".repeat(400)}`,
  "0.1",
  "-1",
  "1.0",
];

/** In characters: what is longer is a matter of limits, and of few inputs. */
const longest = 400_000;

/** A JSON text, most often well-formed, whose content is not what it was. */
export function mutateJson(random: Random, json: Json): string {
  let changed = json;
  for (let times = 1 + (random.chance(30) ? random.below(3) : 0); times > 0; times--)
    changed = changeSomewhere(random, changed);
  return damage(random, JSON.stringify(changed) ?? "").slice(0, longest);
}

/** Goes down at random, and changes what it comes to. */
function changeSomewhere(random: Random, json: Json): Json {
  if (isLeaf(json) || random.chance(15)) return changed(random, json);
  if (Array.isArray(json)) {
    const list: Json[] = [...json];
    const place = random.below(list.length);
    list[place] = changeSomewhere(random, list[place] ?? null);
    return list;
  }
  const entries = Object.entries<Json>(json as Record<string, Json>);
  const place = random.below(entries.length);
  return Object.fromEntries(
    entries.map(([name, value], index) => [name, index === place ? changeSomewhere(random, value) : value]),
  );
}

function isLeaf(json: Json): boolean {
  return typeof json !== "object" || json === null || Object.keys(json).length === 0;
}

function changed(random: Random, json: Json): Json {
  if (random.chance(25)) return anything(random);
  if (typeof json === "string") return mutateText(random, json);
  if (typeof json === "number")
    return random.pick([json + 1, json - 1, -json, json + 0.5, 2 ** 53, 1e308, 0]);
  if (Array.isArray(json)) return changedList(random, json);
  if (typeof json === "object" && json !== null) return changedObject(random, json as Record<string, Json>);
  return anything(random);
}

function changedList(random: Random, list: readonly Json[]): Json {
  const [first = null] = list;
  switch (random.below(5)) {
    case 0:
      return [];
    case 1:
      return list.slice(1);
    case 2:
      return [...list, ...list];
    case 3:
      return Array<Json>(random.pick([2, 81, 201, 1001, 5000])).fill(first);
    default:
      return [...list, anything(random)];
  }
}

function changedObject(random: Random, object: Readonly<Record<string, Json>>): Json {
  const entries = Object.entries(object);
  switch (random.below(4)) {
    case 0:
      return Object.fromEntries(entries.filter((_, index) => index !== 0));
    case 1:
      return Object.fromEntries(entries.toSpliced(random.below(entries.length), 1));
    case 2:
      return Object.fromEntries([...entries, [strangeText(random), anything(random)]]);
    default:
      return Object.fromEntries(
        entries.map(([name, value]) => [random.chance(50) ? mutateText(random, name) : name, value]),
      );
  }
}

function anything(random: Random): Json {
  switch (random.below(8)) {
    case 0:
      return null;
    case 1:
      return random.chance(50);
    case 2:
      return random.pick([0, -1, 0.5, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308]);
    case 3:
      return [];
    case 4:
      return {};
    case 5:
      return [[[[strangeText(random)]]]];
    case 6:
      return { a: { b: strangeText(random) } };
    default:
      return strangeText(random);
  }
}

/** What only a text can hold, and no value that it is read into. */
function damage(random: Random, text: string): string {
  switch (random.below(14)) {
    case 0:
      return text.replace("{", `{"__proto__":{"admin":true},`);
    case 1:
      // A member that stands twice.
      return text.replace(/("[^"\\]*":(?:"[^"\\]*"|\d+|true|false|null))/, "$1,$1");
    case 2:
      return text.replace(/:(\d+|true|false|null)/, `:${random.pick(strangeNumbers)}`);
    case 3: {
      const depth = random.pick([10, 1000, 10_000]);
      return text.replace(
        /:("[^"\\]*"|\d+|true|false|null)/,
        () => `:${"[".repeat(depth)}${"]".repeat(depth)}`,
      );
    }
    case 4:
      return text.replace(
        /"([^"\\]*)"/,
        (_, inner: string) => `"\\u${random.pick(["d800", "0000", "dfff"])}${inner}"`,
      );
    case 5:
      return random.chance(50) ? text.slice(0, random.below(text.length + 1)) : text + strangeText(random);
    default:
      return text;
  }
}
