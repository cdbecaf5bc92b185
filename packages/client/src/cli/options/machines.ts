import { machineName, userName } from "@pstore/core/names";
import { Problem } from "@pstore/core/problem";
import { command, type OptionGroup, positive } from "./option.ts";

const longestPassword = 1000;
const mostWords = 100;
export const defaultLength = 24;
export const defaultWords = 6;

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
      help: `with -c and -P: make up the password, of LENGTH characters (${defaultLength})`,
      more: "Of letters and digits, drawn by the operating system's random generator; 24 of them are 142 bits.",
      set: (options, length) => {
        options.generate = length === "" ? defaultLength : positive("--generate", length, longestPassword);
      },
    },
    {
      names: ["--words"],
      argument: "N",
      isOptional: true,
      help: `with -c and -P: make up the password, of N words (${defaultWords}) that are easy to type`,
      set: (options, count) => {
        options.words = count === "" ? defaultWords : positive("--words", count, mostWords);
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
          options.restore = positive("--restore", revision, Number.MAX_SAFE_INTEGER);
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
