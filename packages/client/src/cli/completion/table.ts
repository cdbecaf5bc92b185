import { formOf, isLookup, type Mode } from "../modes.ts";
import { options } from "../options/all.ts";
import { type Option, shells } from "../options/option.ts";

/** What the argument of an option is completed with; `words` are those that it takes. */
export type Kind = "file" | "user" | "context" | "property" | "text" | "words";

/** An option, as the scripts need it. */
export interface Row {
  readonly names: readonly string[];
  readonly help: string;
  /** `null` where it takes no argument as a word of its own. */
  readonly kind: Kind | null;
  readonly words: readonly string[];
  /** Which words follow, see `follows`; `null` where the option does not say. */
  readonly follows: string | null;
  readonly isForLookups: boolean;
  /** Its argument stands in the machine's place. */
  readonly isForMachine: boolean;
  /** Whether it is offered: what completion itself calls is not. */
  readonly isOffered: boolean;
}

/** The names of arguments, as `--help` has them, and what they are completed with. */
const kinds: Readonly<Record<string, Kind>> = {
  FILE: "file",
  USER: "user",
  CONTEXT: "context",
  PROPERTY: "property",
  SHELL: "words",
  LENGTH: "text",
  N: "text",
  NEW: "text",
  PATTERN: "text",
  REVISION: "text",
  SECONDS: "text",
  TEXT: "text",
  URL: "text",
  "[KEY=][VALUE]": "text",
};

/**
 * Which words follow, a sign each: `m` a machine, `M` any number of them, `p` a property, `+` users to allow, `^` users
 * to revoke, `s` what is another program's.
 */
export function follows(mode: Mode | null): string {
  if (mode === "create") return "+";
  if (mode === "run") return "M";
  if (mode === "ssh") return "ms";
  if (mode === null) return "mp+^";
  const { machine, property, users } = formOf(mode);
  const names = `${machine === "none" ? "" : "m"}${property === "none" ? "" : "p"}`;
  return `${names}${{ none: "", allow: "+", any: "+^" }[users]}`;
}

export const rows: readonly Row[] = options.map((option) => {
  const words = wordsOf(option);
  return {
    names: option.names,
    help: option.help,
    kind: option.argument === undefined || option.isOptional === true ? null : kindOf(option.argument, words),
    words,
    follows: option.mode === undefined ? null : follows(option.mode),
    isForLookups: option.isForLookups === true,
    isForMachine: option.names.includes("--each"),
    isOffered: !isLookup(option.mode ?? null),
  };
});

function wordsOf({ argument = "" }: Option): readonly string[] {
  if (argument === "SHELL") return shells;
  return argument.includes("|") ? argument.split("|") : [];
}

function kindOf(argument: string, words: readonly string[]): Kind {
  const kind = words.length > 0 ? "words" : kinds[argument];
  if (kind === undefined) throw new Error(`completion does not know what ${argument} is; say it in table.ts`);
  return kind;
}
