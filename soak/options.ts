// What `npm run soak` is told.
import { parseArgs } from "node:util";
import { type SceneName, sceneNames } from "./scenes/all.ts";

/** What can be run: the scenes, and the memory of a server over a million requests. */
export type PartName = SceneName | "memory";
const partNames: readonly PartName[] = [...sceneNames, "memory"];

export interface Load {
  /** What is killed when, and what clients do, comes from it; what meets what does not. */
  readonly seed: number;
  /** How long clients work, at the least: until all that was killed is back. */
  readonly seconds: number;
  readonly clients: number;
}

export interface Options extends Load {
  readonly parts: readonly PartName[];
}

export const usage = `npm run soak -- [PART]… [--seconds N] [--clients N] [--seed N]

  PART           ${partNames.join(", ")}. Default: all of them
  --seconds N    how long clients work in each of them. Default: 60
  --clients N    how many. Default: 20
  --seed N       what is killed when, and what clients do, comes from it. Default: any`;

/** @throws Error that says what is wrong */
export function readOptions(argv: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { seconds: { type: "string" }, clients: { type: "string" }, seed: { type: "string" } },
  });
  const unknown = positionals.filter((name) => !isPart(name));
  if (unknown.length > 0)
    throw new Error(`There is no ${unknown.join(", ")}: choose from ${partNames.join(", ")}.`);
  return {
    parts: positionals.length === 0 ? partNames : positionals.filter(isPart),
    seconds: wholeNumber("--seconds", values.seconds ?? "60"),
    clients: wholeNumber("--clients", values.clients ?? "20"),
    seed: wholeNumber("--seed", values.seed ?? String(Math.floor(Math.random() * 2 ** 31))),
  };
}

function isPart(name: string): name is PartName {
  return (partNames as readonly string[]).includes(name);
}

function wholeNumber(option: string, text: string): number {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw new Error(`${option} takes a whole number from 1 on, not '${text}'.`);
}
