// The target of a request, wrong: the parameters of its query, and the octets of its line.
import { strangeText } from "../mutate/text.ts";
import type { Random } from "../random.ts";
import { escapeText } from "./escape.ts";

/** Leaves parameters of a query out, repeats them, or adds what is none. */
export function damagePairs(random: Random, pairs: string[], names: readonly string[]): void {
  const name = names.length === 0 ? "x" : random.pick(names);
  switch (random.below(6)) {
    case 0:
      pairs.splice(random.below(pairs.length + 1), 1);
      break;
    case 1:
      pairs.push(...pairs);
      break;
    case 2:
      for (let more = random.pick([2, 90, 300]); more > 0; more--) pairs.push(`${name}=x`);
      break;
    case 3:
      pairs.push(
        random.pick([
          "&&",
          "=",
          "=x",
          "%",
          `${name}`,
          `${name}[]=1`,
          `${name}=%`,
          `${name}=%zz`,
          "__proto__=1",
          `${name}=+%2B`,
        ]),
      );
      break;
    default:
      pairs.unshift(`${name}=${escapeText(strangeText(random)).slice(0, 6000)}`);
  }
}

/** What stands in a request line unescaped, as no client sends it. */
export function rawTarget(random: Random, target: string): string {
  const raw = [
    "\0",
    "\x01",
    " ",
    "\t",
    "\\",
    "\x7f",
    "\xff\xfe",
    "\xc0\xaf",
    "#x",
    "|",
    "<>",
    "^",
    "`",
    "{}",
    "%",
  ];
  const place = random.below(target.length + 1);
  return random.pick([
    target.slice(0, place) + random.pick(raw) + target.slice(place),
    `http://example.com${target}`,
    `http://[${target}`,
    "*",
    "",
    `//${target}`,
    target.slice(1),
    `${target}${"/x".repeat(random.pick([500, 5000, 10_000]))}`,
  ]);
}
