import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { Problem } from "@pstore/core/problem";

/** The options that every command takes. */
export const commonOptions = {
  database: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const satisfies ParseArgsOptionsConfig;

/**
 * Reads the arguments of a command.
 * @throws Problem `usage`
 */
export function readArguments<const O extends ParseArgsOptionsConfig>(
  argv: readonly string[],
  options: O,
  words: { readonly least: number; readonly most: number; readonly usage: string },
) {
  let parsed: ReturnType<
    typeof parseArgs<{ options: O & typeof commonOptions; allowPositionals: true; strict: true }>
  >;
  try {
    parsed = parseArgs({
      args: [...argv],
      options: { ...options, ...commonOptions },
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    // Node's sentences go on with advice on `--`, behind the first one.
    const [sentence = ""] = (error instanceof Error ? error.message : String(error)).split(/[.\n] ?/);
    throw new Problem("usage", `${sentence}; usage: ${words.usage}`);
  }
  const count = parsed.positionals.length;
  if (count < words.least || count > words.most) {
    throw new Problem(
      "usage",
      `${count < words.least ? "something is missing" : "there is a word too many"}; usage: ${words.usage}`,
    );
  }
  return parsed;
}
