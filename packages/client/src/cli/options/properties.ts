import { Problem } from "@pstore/core/problem";
import { command, type OptionGroup } from "./option.ts";

export const properties: OptionGroup = {
  title: "Properties",
  options: [
    command({ names: ["-pg"], help: "print a property, byte for byte" }, "get"),
    command(
      { names: ["-pl"], help: "list a machine's properties; with -v, sizes and kinds" },
      "list-properties",
    ),
    command(
      {
        names: ["-ps"],
        help: "store a public property from standard input",
        more: "The server can read it, and -s finds it. Where it was encrypted before, pstore asks first. +USER and ^USER may stand beside it.",
      },
      "set-public",
    ),
    command(
      {
        names: ["-pe"],
        help: "store an encrypted property from standard input",
        more: "+USER and ^USER may stand beside it.",
      },
      "set-encrypted",
    ),
    command({ names: ["-pd"], help: "delete a property", more: "pstore asks first." }, "delete-property"),
    command(
      {
        names: ["-s", "--search"],
        argument: "[KEY=][VALUE]",
        help: "find by property name and public value",
        more: "KEY is looked for in the names, VALUE in the public values, and with both in one property. Both are found anywhere in the text, whatever the case; the first = divides them. Public values over 1 MiB are not searched.",
        set: (options, text) => {
          if (text === "" || text === "=")
            throw new Problem("usage", "-s takes what to search for: KEY=, VALUE or KEY=VALUE");
          options.search = text;
        },
      },
      "search",
    ),
  ],
};
