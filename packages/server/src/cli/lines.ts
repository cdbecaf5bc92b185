import { createInterface } from "node:readline";

/** The lines of standard input, one by one, however many there are. */
export function standardInputLines(): AsyncIterable<string> {
  return createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
}
