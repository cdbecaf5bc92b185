import { machineName, userName } from "@pstore/core/names";
import { Problem } from "@pstore/core/problem";
import { command, type OptionGroup, wholeNumber } from "./option.ts";

// Fewer are found by trying: 8 characters have 47 bits, 4 words 51.
const lengths = { least: 8, usual: 24, most: 1000 };
const counts = { least: 4, usual: 6, most: 100 };

export const machines: OptionGroup = {
  title: "Machines",
  options: [
    command(
      {
        names: ["-c", "--create"],
        help: "create a machine with a password, shared with the users given as +USER",
      },
      "create",
    ),
    command(
      {
        names: ["-P", "--password"],
        help: "change the password of a machine; +USER and ^USER may stand beside it",
      },
      "change-password",
    ),
    {
      names: ["--generate"],
      argument: "LENGTH",
      isOptional: true,
      help: `with -c and -P: make up the password, of LENGTH characters (${lengths.usual})`,
      more: "Of small letters, capitals and digits, some of each, drawn by the operating system's random generator: 24 of them have 142 bits, and 8 are the least, with 47. It is not printed: pstore MACHINE shows it, and --clip beside this copies it. Nothing is read from standard input.",
      set: (options, length) => {
        const { least, usual, most } = lengths;
        options.generate = length === "" ? usual : wholeNumber("--generate", length, least, most);
      },
    },
    {
      names: ["--words"],
      argument: "N",
      isOptional: true,
      help: `with -c and -P: make up the password, of N words (${counts.usual}) that are easy to type`,
      more: "Of the 7,772 words without a hyphen in the EFF's large list, joined by hyphens: 6 of them have 77 bits, and 4 are the least, with 51.",
      set: (options, count) => {
        const { least, usual, most } = counts;
        options.words = count === "" ? usual : wholeNumber("--words", count, least, most);
      },
    },
    command({ names: ["-D", "--delete"], help: "delete a machine, after a question" }, "delete"),
    command(
      {
        names: ["--rename"],
        argument: "NEW",
        help: "give a machine another name",
        set: (options, name) => {
          options.rename = machineName(name);
        },
      },
      "rename",
    ),
    command(
      {
        names: ["--history"],
        help: "list the revisions of a machine, or of one property: who changed what, and when",
        more: "Also of a deleted machine, until another one has its name.",
      },
      "history",
    ),
    command(
      {
        names: ["--restore"],
        argument: "REVISION",
        help: "bring back a property as it was at REVISION, or all of them, or a deleted machine",
        more: "The server keeps replaced values for 30 days, or as long as whoever runs it has said. Only who could read a value when it was stored can bring it back.",
        set: (options, revision) => {
          options.restore = wholeNumber("--restore", revision, 1, Number.MAX_SAFE_INTEGER);
        },
      },
      "restore",
    ),
    {
      names: ["--each"],
      argument: "PATTERN",
      help: "change every machine whose name fits, in one go: +USER, ^USER, -ps, -pe, -pd, -D",
      more: "It stands in the machine's place. In the pattern, * is any text, ? any character and [abc] one of those. What fits is shown, and asked about. All of it is changed, with one signature, or nothing.",
      set: (options, pattern) => {
        if (pattern === "") throw new Problem("usage", "--each takes a pattern such as 'web*.example.com'");
        options.each = pattern;
      },
    },
    command(
      {
        names: ["--offboard"],
        argument: "USER",
        help: "revoke USER everywhere, and list the secrets that they know",
        more: "On every machine that you may write, with one signature, after a question. Listed first is what USER has read: change it first.",
        set: (options, user) => {
          options.offboard = userName(user);
        },
      },
      "offboard",
    ),
  ],
};
