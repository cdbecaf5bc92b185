import { Problem } from "@pstore/core/problem";
import { command, type OptionGroup } from "./option.ts";

export const properties: OptionGroup = {
  title: "Properties",
  options: [
    command({ names: ["-pg"], help: "print a property, byte for byte" }, "get"),
    command(
      { names: ["-pl"], help: "list the names of the properties; with -v, sizes and kinds" },
      "list-properties",
    ),
    command(
      {
        names: ["-ps"],
        help: "store a property from standard input, public: the server can read it; +USER and ^USER too",
      },
      "set-public",
    ),
    command(
      {
        names: ["-pe"],
        help: "store a property from standard input, encrypted; +USER and ^USER may stand beside it",
      },
      "set-encrypted",
    ),
    command({ names: ["-pd"], help: "delete a property, after a question" }, "delete-property"),
    command(
      {
        names: ["-s", "--search"],
        argument: "[KEY=][VALUE]",
        help: "search names of properties for KEY, and public values for VALUE",
        more: "Both are found anywhere in the text, whatever the case; the first = divides them. Public values over 1 MiB are not searched.",
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
