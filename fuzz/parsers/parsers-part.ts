// What reads files, keys and messages, in this process.
import { Problem } from "@pstore/core/problem";
import type { Faults } from "../faults.ts";
import { longestAnswer } from "../http/judge.ts";
import { mutateBytes } from "../mutate/bytes.ts";
import { type Json, mutateJson } from "../mutate/json.ts";
import { mutateText } from "../mutate/text.ts";
import { type Part, textOf } from "../part.ts";
import { Random } from "../random.ts";
import { type Parser, parsers } from "./parsers.ts";

/** Each as often as its weight. */
const turns = parsers.flatMap((parser) => Array<Parser>(parser.weight).fill(parser));

export function parsersPart(seed: number, faults: Faults): Part {
  return {
    name: "parsers",
    atOnce: 1,
    async run(index) {
      const { parser, input } = parserInput(seed, index);
      const add = (what: string) =>
        faults.add({
          ...{ part: "parsers", index, what: `${parser.name}: ${what}` },
          input: Buffer.from(input.subarray(0, 3000)).toString("base64"),
        });
      const begin = performance.now();
      const fault = await attempt(parser, input);
      if (fault !== null) add(fault);
      // In one thread nothing but the input itself takes that long; but for a machine that stands still, so once more.
      if (performance.now() - begin <= longestAnswer) return;
      const again = performance.now();
      await attempt(parser, input);
      const milliseconds = Math.round(performance.now() - again);
      if (milliseconds > longestAnswer) add(`took ${milliseconds} ms`);
    },
  };
}

/** One input, the same for the same seed and index. */
export function parserInput(seed: number, index: number): { parser: Parser; input: Uint8Array } {
  const random = new Random(seed, "parsers", index);
  const parser = random.pick(turns);
  return { parser, input: inputFor(random, parser) };
}

/** @returns what is wrong with how an input was taken; `null`: it was read, or refused as it should be */
async function attempt(parser: Parser, input: Uint8Array): Promise<string | null> {
  try {
    await parser.parse(input);
  } catch (error) {
    if (!(error instanceof Problem)) return textOf(error);
  }
  return null;
}

function inputFor(random: Random, { seeds }: Parser): Uint8Array {
  const seed = random.pick(seeds);
  const bytes = typeof seed === "string" ? Buffer.from(seed) : seed;
  if (random.chance(1)) return bytes;
  if (random.chance(1)) return random.bytes(random.below(2000));
  const others = seeds.map((other) => (typeof other === "string" ? Buffer.from(other) : other));
  if (typeof seed !== "string" || random.chance(30)) return mutateBytes(random, bytes, others);
  if (seed.startsWith("{")) return Buffer.from(mutateJson(random, JSON.parse(seed) as Json));
  return random.chance(50) ? damagedBase64(random, seed) : Buffer.from(mutateText(random, seed));
}

/** What stands in base64 in a text, damaged inside: else the base64 alone would be found to be wrong. */
function damagedBase64(random: Random, text: string): Uint8Array {
  const [block = ""] = /(?:[A-Za-z0-9+/]{20,}={0,2}\n?)+/.exec(text) ?? [];
  const inner = mutateBytes(random, Buffer.from(block, "base64"), []);
  const width = block.includes("\n") ? 64 : Number.MAX_SAFE_INTEGER;
  const lines: string[] = [];
  const whole = Buffer.from(inner).toString("base64");
  for (let at = 0; at < whole.length; at += width) lines.push(whole.slice(at, at + width));
  // An OpenPGP block without its checksum line reads as well (RFC 9580, section 6.1).
  return Buffer.from(text.replace(block, `${lines.join("\n")}\n`).replace(/^=[A-Za-z0-9+/]{4}\n/m, ""));
}
