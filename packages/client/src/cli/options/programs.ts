import { propertyName } from "@pstore/core/names";
import { command, type OptionGroup } from "./option.ts";

export const programs: OptionGroup = {
  title: "Programs",
  options: [
    command(
      {
        names: ["--ssh"],
        help: "log in with ssh, which gets the stored password",
        more: "What stands behind the machine is ssh's. The user is the public property ssh-username, the address ip-address, where the machine has them and ssh's own words do not say otherwise; ssh knows the host's key by the name of the machine. The password is decrypted when ssh asks for it, goes to this machine alone, once, and is in no argument, variable or file; whatever else ssh asks, it asks you. Needs OpenSSH 8.4.",
      },
      "ssh",
    ),
    command(
      {
        names: ["--run"],
        help: "run a command with properties in its environment",
        more: "pstore --run MACHINE… -- COMMAND. A variable is named like the property, in capitals, with _ for whatever is no letter or digit, and holds the value byte for byte. What is set already, or could change how programs run (PATH, LD_PRELOAD and the like), is refused unless --only names it. No list of such names is complete: where somebody may write the machine whom you would not let run programs as you, name the properties with --only.",
      },
      "run",
    ),
    {
      names: ["--only"],
      argument: "PROPERTY",
      isRare: true,
      help: "with --run: hand on this property alone; repeatable",
      set: (options, name) => {
        options.only.push(propertyName(name));
      },
    },
    {
      names: ["--prefix"],
      argument: "TEXT",
      isRare: true,
      help: "with --run: what the names of the variables begin with",
      more: "{machine} in it is the machine's name.",
      set: (options, prefix) => {
        options.prefix = prefix;
      },
    },
    command(
      {
        names: ["--template"],
        isRare: true,
        argument: "FILE",
        help: "print FILE with each {{machine/property}} filled in",
        more: 'Names that hold a slash are written {{"machine" "property"}}, and the braces themselves {{"{{"}}. The values stand there byte for byte; when one cannot be read, nothing is printed, so all of them are held in memory. FILE may be - for standard input.',
        set: (options, file) => {
          options.template = file;
        },
      },
      "template",
    ),
  ],
};
