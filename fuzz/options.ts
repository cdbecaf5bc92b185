// What `npm run fuzz` is told.
import { parseArgs } from "node:util";

export const partNames = ["parsers", "client", "http", "web", "raw", "contract", "memory"] as const;
export type PartName = (typeof partNames)[number];

export interface Options {
  readonly seed: number;
  /** How many inputs, of all parts together. */
  readonly count: number;
  /** The first input of each part: with a count of 1, one input alone. */
  readonly from: number;
  readonly only: readonly PartName[];
  /** The URL of an empty database, or the name of an engine; `null`: a new one of SQLite. */
  readonly database: string | null;
}

export const usage = `npm run fuzz -- [--seed N] [--count N] [--from N] [--only PART]… [--database ENGINE|URL]

  --seed N         whatever is made comes from it; the same again: the same inputs. Default: any
  --count N        how many inputs, of all parts together. Default: 1000000
  --from N         the first input of each part. Default: 0
  --only PART      ${partNames.join(", ")}; repeatable. Default: all but memory
  --database D     an empty database as pstore-server takes it, or postgres or mysql: a new one of a server that is
                   started for it. Default: a new one of SQLite`;

/** @throws Error that says what is wrong */
export function readOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seed: { type: "string" },
      count: { type: "string" },
      from: { type: "string" },
      only: { type: "string", multiple: true },
      database: { type: "string" },
    },
  });
  const only = values.only ?? partNames.filter((name) => name !== "memory");
  const unknown = only.filter((name) => !isPart(name));
  if (unknown.length > 0)
    throw new Error(`There is no ${unknown.join(", ")}: choose from ${partNames.join(", ")}.`);
  return {
    seed: wholeNumber("--seed", values.seed ?? String(Math.floor(Math.random() * 2 ** 31))),
    count: wholeNumber("--count", values.count ?? "1000000"),
    from: wholeNumber("--from", values.from ?? "0"),
    only: only.filter(isPart),
    database: values.database ?? null,
  };
}

function isPart(name: string): name is PartName {
  return (partNames as readonly string[]).includes(name);
}

function wholeNumber(option: string, text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new Error(`${option} takes a whole number, not '${text}'.`);
}
