import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { Problem } from "@pstore/core/problem";
import { asciiLine } from "@pstore/core/visible";

/** The options that every command takes. */
export const commonOptions = {
  database: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const satisfies ParseArgsOptionsConfig;

type Strict<O extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ options: O & typeof commonOptions; allowPositionals: true; strict: true }>
>;

/**
 * Reads the arguments of a command.
 * @param words.usage one line; with `…` at its end when that is not all of it
 * @throws Problem `usage`
 */
export function readArguments<const O extends ParseArgsOptionsConfig>(
  argv: readonly string[],
  options: O,
  words: { readonly least: number; readonly most: number; readonly usage: string },
): Pick<Strict<O>, "values" | "positionals"> {
  const known: ParseArgsOptionsConfig = { ...options, ...commonOptions };
  const { values, positionals, tokens } = parseArgs({
    args: [...argv],
    options: known,
    allowPositionals: true,
    // What is wrong is said below, in sentences of our own.
    strict: false,
    tokens: true,
  });
  const count = positionals.length;
  const fault =
    tokens.map((token) => (token.kind === "option" ? faultOf(token, known) : null)).find(Boolean) ??
    (count < words.least ? "something is missing" : null) ??
    (count > words.most ? "there is a word too many" : null);
  if (fault != null) throw new Problem("usage", `${fault}; ${advice(words.usage)}`);
  return { values: values as Strict<O>["values"], positionals };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

/** What is wrong with an option; its value, which may be a secret that went astray, is never told. */
function faultOf(
  { name, rawName, value, inlineValue }: OptionToken,
  known: ParseArgsOptionsConfig,
): string | null {
  const shown = asciiLine(rawName);
  const option = Object.hasOwn(known, name) ? known[name] : undefined;
  if (option === undefined) return `there is no option ${shown}`;
  if (option.type === "boolean") return value === undefined ? null : `${shown} takes no value`;
  if (value === undefined) return `${shown} needs a value`;
  // Another option, whose own place was taken for a value; a number below zero is for the command to judge.
  if (inlineValue !== true && /^-[^\d]/.test(value)) {
    const joined = rawName.startsWith("--") ? `${shown}=VALUE` : `${shown}VALUE`;
    return `${shown} needs a value; one that begins with - is written ${joined}`;
  }
  return null;
}

function advice(usage: string): string {
  const [command] = /^pstore-server \w+/.exec(usage) ?? [];
  return usage.endsWith("…") ? `see '${command} --help'` : `usage: ${usage}`;
}
