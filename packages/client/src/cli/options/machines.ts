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
        help: "create a machine with a password, for you and +USER",
        more: "+USER may read and change it, +USER:read only read.",
      },
      "create",
    ),
    command(
      {
        names: ["-P", "--password"],
        help: "change the password of a machine; also +USER and ^USER",
      },
      "change-password",
    ),
    {
      names: ["--generate"],
      argument: "LENGTH",
      isOptional: true,
      help: `with -c and -P: make the password up, ${lengths.usual} characters`,
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
      isRare: true,
      help: `with -c and -P: make the password up, ${counts.usual} words`,
      more: "Of the 7,772 words without a hyphen in the EFF's large list, joined by hyphens: 6 of them have 77 bits, and 4 are the least, with 51.",
      set: (options, count) => {
        const { least, usual, most } = counts;
        options.words = count === "" ? usual : wholeNumber("--words", count, least, most);
      },
    },
    command(
      {
        names: ["-D", "--delete"],
        help: "delete a machine",
        more: "pstore asks first. --restore brings it back, as long as the server keeps its values.",
      },
      "delete",
    ),
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
        help: "list who changed what, and when",
        more: "Those of a machine, or of one property; also of a deleted machine, until another one has its name.",
      },
      "history",
    ),
    command(
      {
        names: ["--restore"],
        argument: "REVISION",
        help: "bring back a value, or all, or a deleted machine",
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
      help: "change all machines whose name fits, in one go",
      more: "It stands in the machine's place, beside +USER, ^USER, -ps, -pe, -pd and -D. In the pattern, * is any text, ? any character and [abc] one of those. What fits is shown, and asked about. All of it is changed, with one signature, or nothing.",
      set: (options, pattern) => {
        if (pattern === "") throw new Problem("usage", "--each takes a pattern such as 'web*.example.com'");
        options.each = pattern;
      },
    },
    {
      names: ["--pending"],
      argument: "USER",
      isOptional: true,
      isRare: true,
      help: "let members in who had no usable key before",
      more: "Alone, it shows who waits on which of the machines that you may write, with the fingerprints of their present keys, asks, and encrypts everything for them with one signature; just the keys that it has shown are pinned, and none before the answer. With USER, it is about that user alone, and may be given several times. Beside +USER, or any change, a user to whom nothing can be encrypted now (no key yet, or an expired, revoked or removed one) is a member all the same, who reads nothing until then; lists mark them as USER:pending, and further changes do not stop at them.",
      neverFromFile: true,
      set: (options, user) => {
        options.pending = true;
        if (user !== "") options.letIn.push(userName(user));
      },
    },
    command(
      {
        names: ["--rewrap"],
        argument: "USER",
        isOptional: true,
        isRare: true,
        help: "encrypt all machines to the present keys of USER",
        more: "After a change of keys: old and new ones are shown, and asked about; all machines that you may write are changed with one signature. Without USER, your own: have the new key added at the store, run it while the old one still signs and reads, have the old one removed, and run it once more, which drops that and signs with the new one (until then, each change of a machine drops it with a warning). Older values are not encrypted anew: who gives up the old key, cannot --restore them. With USER, those of a member whose old key is lost; pstore --trust USER --rewrap=USER takes the new one, once you have compared it. What others must do is said.",
        set: (options, user) => {
          options.rewrap = user === "" ? "" : userName(user);
        },
      },
      "rewrap",
    ),
    command(
      {
        names: ["--offboard"],
        argument: "USER",
        help: "revoke USER everywhere; list the secrets USER knows",
        more: "On every machine that you may write, with one signature; pstore asks first. Listed first is what USER has read: change it first.",
        set: (options, user) => {
          options.offboard = userName(user);
        },
      },
      "offboard",
    ),
  ],
};
