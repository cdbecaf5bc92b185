import type { Shell } from "../options/option.ts";
import { arms, fishCases, valueArms } from "./cases.ts";
import bash from "./pstore.bash" with { type: "text" };
import fish from "./pstore.fish" with { type: "text" };
import zsh from "./pstore.zsh" with { type: "text" };
import { follows, type Row, rows } from "./table.ts";

const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };

/** The script that makes a shell complete `pstore` command lines: what lies here, filled in from the table of options. */
export function completionScript(shell: Shell): string {
  const offered = rows.filter((row) => row.isOffered);
  const fillings: Readonly<Record<string, readonly string[]>> = {
    USUAL: [follows(null)],
    ARMS: shell === "fish" ? fishCases() : arms(),
    VALUES: valueArms(),
    OPTIONS: offered.flatMap((row) => row.names),
    DESCRIBED: offered.flatMap((row) =>
      row.names.map((name) => singleQuoted(`${name}:${row.help}`, "'\\''")),
    ),
    COMPLETES: offered.map(complete),
  };
  return scripts[shell]
    .replace(/^( +)@([A-Z]+)@$/gm, (_all, indent, name) =>
      (fillings[name] ?? []).map((line) => indent + line).join("\n"),
    )
    .replace(/@([A-Z]+)@/g, (_all, name) => (fillings[name] ?? []).join(name === "COMPLETES" ? "\n" : " "));
}

/** How fish is told of an option. */
function complete({ names, kind, words, help }: Row): string {
  const shapes = names.map((name) => {
    if (name.startsWith("--")) return `-l ${name.slice(2)}`;
    return name.length === 2 ? `-s ${name.slice(1)}` : `-o ${name.slice(1)}`;
  });
  const argument = {
    file: "-r -F",
    user: "-x -a '(__pstore_users)'",
    property: "-x -a '(__pstore_properties)'",
    context: "-x -a '(__pstore_contexts)'",
    words: `-x -a '${words.join(" ")}'`,
    text: "-x",
  };
  const about = singleQuoted(help.replaceAll("\\", "\\\\"), "\\'");
  return ["complete -c pstore", ...shapes, ...(kind === null ? [] : [argument[kind]]), "-d", about].join(" ");
}

/** A text in single quotes, those within written in the shell's own way. */
function singleQuoted(text: string, quote: string): string {
  return `'${text.replaceAll("'", quote)}'`;
}
