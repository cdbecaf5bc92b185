import { groups } from "./options/all.ts";
import type { Option, OptionGroup } from "./options/option.ts";

const usage = `Usage: pstore [OPTION]… [MACHINE [PROPERTY]] [+USER]… [^USER]…

  pstore                              list your machines
  pstore TEXT                         list those with TEXT in their name
  pstore MACHINE                      show a machine and its password
  pstore MACHINE PROPERTY             print a property, like -pg
  pstore -c MACHINE [+USER]…          create a machine, shared with the users
  pstore -P MACHINE [+USER]… [^USER]… change its password
  pstore MACHINE +USER ^USER          allow a user, revoke another
  … | pstore MACHINE -pe PROPERTY     store a file, encrypted
`;

const more = `
What is no option is a machine, a property, +USER or ^USER; options stand anywhere, -- ends them.

Files:
  ~/.pstorerc                 default arguments, quoted as for a shell; # begins a comment, and
                              [NAME] on a line of its own words that hold with -t NAME alone
  $XDG_STATE_HOME/pstore      what this client has verified (default ~/.local/state/pstore)
  $XDG_RUNTIME_DIR/pstore     the session of a while, so that only its first command signs in

Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.

Passphrases come from gpg-agent. To make it forget them: gpgconf --reload gpg-agent
`;

/** The text of `--help`. */
export function help(verbose: boolean): string {
  const ending = verbose ? more : "\npstore --help --verbose says more.\n";
  return `${usage}${groups.map((group) => section(group, verbose)).join("")}${ending}`;
}

function section({ title, options }: OptionGroup, verbose: boolean): string {
  const shown = options.filter((option) => verbose || option.isRare !== true);
  return `\n${title}:\n${shown.map((option) => row(option, verbose)).join("")}`;
}

const column = 26;
const indent = " ".repeat(column);

function row(option: Option, verbose: boolean): string {
  const names = `  ${option.names.join(", ")}${argument(option)}`;
  const more = verbose && option.more !== undefined ? lines(option.more) : [];
  const [first = "", ...rest] = [...lines(option.help), ...more];
  const start = names.length < column - 1 ? names.padEnd(column) : `${names}\n${indent}`;
  return [start + first, ...rest.map((line) => indent + line), ""].join("\n");
}

function argument(option: Option): string {
  if (option.argument === undefined) return "";
  if (option.isOptional === true) return `[=${option.argument}]`;
  return option.names.some((name) => name.length === 2) ? ` ${option.argument}` : `=${option.argument}`;
}

/** A text in lines that fit a terminal of 100 columns behind the options. */
function lines(text: string): readonly string[] {
  const made: string[] = [];
  for (const word of text.split(" ")) {
    const last = made.at(-1);
    if (last === undefined || last.length + 1 + word.length > 100 - column) made.push(word);
    else made[made.length - 1] = `${last} ${word}`;
  }
  return made;
}
