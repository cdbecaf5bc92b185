// pstore(1)
import { configuration, grammar, passphrases, usages } from "../../packages/client/src/cli/help.ts";
import { groups } from "../../packages/client/src/cli/options/all.ts";
import type { Option } from "../../packages/client/src/cli/options/option.ts";
import { clientExamples } from "./examples.ts";
import {
  capital,
  definitions,
  examples,
  page,
  paragraphs,
  prose,
  section,
  subsection,
  term,
  usage,
} from "./mdoc.ts";
import { environment, exitStatuses, files } from "./reference.ts";

const about = [
  "pstore keeps the passwords and files that a team of sysadmins shares. A machine (anything with a name) has a password and other properties, each of them public or encrypted, and members: users who may read and change it, or only read it.",
  "Values are encrypted on this host, with the members' GPG and SSH keys, for them alone, and every change is signed by who makes it. The server keeps ciphertext, permissions and public keys. It can withhold what it has; but what it alters, swaps or brings back from before, pstore notices and refuses.",
  "The keys of a user seen for the first time are taken on the server's word and remembered, with a `NOTICE` that shows their fingerprints. Another key for that user is refused from then on, until `--trust` of that user. Whoever wants to be sure at once compares the fingerprints with the user, or begins with `--trust-mode=strict`.",
];

export async function clientPage(date: string): Promise<string> {
  return page({
    ...{ name: "pstore", section: 1, date },
    sections: [
      section("NAME", ".Nm pstore", ".Nd store and share passwords and files, encrypted on your machine"),
      section(
        "SYNOPSIS",
        ".Nm",
        ...["OPTION ...", "MACHINE", "PROPERTY", "+USER ...", "^USER ..."].map((word) => `.Op ${term(word)}`),
      ),
      section(
        "DESCRIPTION",
        paragraphs(about),
        ".Pp",
        "What it is called with most:",
        definitions(usages.map(([line, meaning]) => [usage(line), prose(capital(meaning))])),
        ".Pp",
        paragraphs([grammar, configuration, passphrases]),
      ),
      section("OPTIONS", ...groups.map(({ title, options }) => subsection(title, list(options)))),
      section("ENVIRONMENT", await environment("pstore")),
      section("FILES", await files("pstore")),
      section("EXIT STATUS", await exitStatuses()),
      section("EXAMPLES", ...examples(clientExamples)),
      section("SEE ALSO", ".Xr gpg 1 ,", ".Xr ssh 1 ,", ".Xr ssh-keygen 1 ,", ".Xr pstore-server 8"),
    ],
  });
}

function list(options: readonly Option[]): string {
  return definitions(
    options.map((option) => {
      const meaning = [capital(option.help), ...(option.more === undefined ? [] : [option.more])];
      return [`${term(option.names.join(", "))}${argument(option)}`, prose(meaning.join(" "))];
    }),
  );
}

/** The argument of an option, with what stands in front of it, as `--help` has it. */
function argument({ names, argument, isOptional }: Option): string {
  if (argument === undefined) return "";
  if (isOptional === true) return ` Ns Oo = Ns Ar ${argument} Oc`;
  return names.some((name) => name.length === 2) ? ` ${term(argument)}` : ` Ns = Ns ${term(argument)}`;
}
