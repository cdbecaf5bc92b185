// pstore-server(8)
import { commonHelp } from "../../packages/server/src/cli/command.ts";
import { commands } from "../../packages/server/src/main.ts";
import { serverExamples } from "./examples.ts";
import { blocks } from "./help-text.ts";
import { capital, examples, literal, page, paragraphs, prose, section, subsection } from "./mdoc.ts";
import { environment, exitStatuses, files } from "./reference.ts";

const about = [
  "The server of pstore keeps the passwords and files that a team of sysadmins shares. All of them are encrypted, and every change is signed, before they come here: whoever breaks into the server reads none, and can change none unnoticed.",
  "Users, their public keys and their rights are looked after with the commands below, on the host that has the database. A command may run while the server does, unless it says otherwise.",
];

export async function serverPage(date: string): Promise<string> {
  const all = await Promise.all(Object.values(commands).map((load) => load()));
  return page({
    ...{ name: "pstore-server", section: 8, date },
    sections: [
      section(
        "NAME",
        ".Nm pstore-server",
        ".Nd serve a store of passwords and files that others have encrypted",
      ),
      section("SYNOPSIS", ".Nm", ".Ar COMMAND", ".Op Ar ARGUMENT ..."),
      section("DESCRIPTION", paragraphs(about)),
      section(
        "COMMANDS",
        "All commands take these options:",
        blocks(commonHelp),
        ...all.map(({ name, summary, help }) => command(name, summary, help)),
      ),
      section("ENVIRONMENT", await environment("pstore-server")),
      section("FILES", await files("pstore-server")),
      section("EXIT STATUS", await exitStatuses()),
      section("EXAMPLES", ...examples(serverExamples)),
      section("SEE ALSO", ".Xr pstore 1"),
    ],
  });
}

/** What `--help` of a command says, without what all of them say. */
function command(name: string, summary: string, help: string): string {
  const [usages = "", ...rest] = help.replace(commonHelp, "").split("\n\n");
  return subsection(
    `pstore-server ${name}`,
    prose(capital(summary)),
    literal(usages.split("\n").flatMap(folded)),
    blocks(rest.join("\n\n")),
  );
}

/** A line of usage in lines that fit a terminal of 80 columns. */
function folded(usage: string): readonly string[] {
  const lines: string[] = [];
  // What stands in brackets stays together.
  for (const word of usage.match(/\[[^\]]*\]\S*|\S+/g) ?? []) {
    const last = lines.at(-1);
    if (last === undefined) lines.push(word);
    else if (last.length + 1 + word.length > 70) lines.push(`    ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
