import { groups } from "./options/all.ts";
import type { Option, OptionGroup } from "./options/option.ts";

/** What pstore is called with most, and what that does. */
export const usages: readonly (readonly [line: string, meaning: string])[] = [
  ["pstore [TEXT]", "list your machines (with TEXT in the name)"],
  ["pstore MACHINE", "show a machine: its properties and its password"],
  ["pstore MACHINE PROPERTY", "print one property, byte for byte"],
  ["pstore -c MACHINE [+USER]…", "create a machine, shared with users"],
  ["pstore -P MACHINE", "change its password"],
  ["pstore MACHINE +USER ^USER", "allow a user, revoke another"],
  ["pstore MACHINE -pe NAME <FILE", "store a file in it, encrypted"],
];

/** How words are read. */
export const grammar =
  "What is no option is a machine, a property, +USER or ^USER: the first plain word is the machine, the second the property. Options stand anywhere; single letters may be joined (-av), and -- ends the options. +USER:read lets a user only read.";

/** How `.pstorerc` is read. */
export const configuration =
  "~/.pstorerc holds default arguments, read as a shell reads words, with quotes and # comments; nothing is expanded. What stands below a line [CONTEXT] holds with -t CONTEXT alone, what stands above all of these always.";

const files: readonly (readonly [path: string, meaning: string])[] = [
  ["~/.pstorerc", "default arguments, read before the real ones"],
  ["$XDG_STATE_HOME/pstore", "what was verified (default ~/.local/state/pstore)"],
  ["$XDG_RUNTIME_DIR/pstore", "sessions, so that only the first command signs in"],
];

export const passphrases =
  "The passphrase of a key in gpg is gpg-agent's affair; to make it forget: gpgconf --reload gpg-agent. That of a key file is asked for at the terminal and kept for the one command, or read from $PSTORE_PASSPHRASE_FILE.";

/** How wide a terminal is taken to be, and where what stands behind an option or a line begins, in columns. */
const width = 80;
const column = 25;
const usageColumn = 33;
const fileColumn = 28;

/** The text of `--help`. */
export function help(verbose: boolean): string {
  const usage = usages.map(([line, meaning]) => row(`  ${line}`, [meaning], usageColumn)).join("");
  const options = groups.map((group) => section(group, verbose)).join("");
  return `Usage: pstore [OPTION]… [MACHINE [PROPERTY]] [+USER]… [^USER]…\n\n${usage}${options}${ending(verbose)}`;
}

function ending(verbose: boolean): string {
  if (!verbose) return "\npstore --help --verbose lists the rest, and says more; so does man pstore.\n";
  return [
    "",
    ...lines(grammar, 0),
    "",
    ...lines(configuration, 0),
    "",
    "Files:",
    ...files.map(([path, meaning]) => row(`  ${path}`, [meaning], fileColumn).trimEnd()),
    "",
    "Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.",
    "",
    ...lines(passphrases, 0),
    "",
  ].join("\n");
}

function section({ title, options }: OptionGroup, verbose: boolean): string {
  const shown = options.filter((option) => verbose || option.isRare !== true);
  const rows = shown.map((option) => {
    const texts = verbose && option.more !== undefined ? [option.help, option.more] : [option.help];
    return row(`  ${option.names.join(", ")}${argumentOf(option)}`, texts, column);
  });
  return `\n${title}:\n${rows.join("")}`;
}

/** A word and what it means: beside it where there is room, else below it. */
function row(word: string, texts: readonly string[], at: number): string {
  const [first = "", ...rest] = texts.flatMap((text) => lines(text, at));
  const isRoomy = Math.max(word.length + 2, at) + first.length <= width;
  const start = isRoomy ? word.padEnd(at - 2) : `${word}\n${" ".repeat(at - 2)}`;
  return [`${start}  ${first}`, ...rest.map((line) => " ".repeat(at) + line), ""].join("\n");
}

/** How the argument of an option is written, with what stands in front of it. */
function argumentOf({ names, argument, isOptional }: Option): string {
  if (argument === undefined) return "";
  if (isOptional === true) return `[=${argument}]`;
  return names.some((name) => name.length === 2) ? ` ${argument}` : `=${argument}`;
}

/** A text in lines that fit behind a column. */
function lines(text: string, at: number): readonly string[] {
  const made: string[] = [];
  for (const word of text.split(" ")) {
    const last = made.at(-1);
    if (last === undefined || last.length + 1 + word.length > width - at) made.push(word);
    else made[made.length - 1] = `${last} ${word}`;
  }
  return made;
}
