import { Problem } from "@pstore/core/problem";
import { command, type OptionGroup, type Shell, shells } from "./option.ts";

export const output: OptionGroup = {
  title: "Output",
  options: [
    {
      names: ["-o", "--output"],
      argument: "FILE",
      help: "write to FILE, mode 0600: complete, or not at all",
      set: (options, file) => {
        if (file === "" || file === "-")
          throw new Problem("usage", "-o names a file; without -o it is printed");
        options.output = file;
      },
    },
    {
      names: ["--clip"],
      help: "copy instead of printing; cleared after 45 seconds",
      more: "With wl-copy, xclip, xsel, pbcopy or clip.exe; over ssh, or without any of them, through the terminal (OSC 52). What else was copied since is left alone, but a terminal cannot tell, and is emptied. $PSTORE_CLIP_SECONDS is another time. A clipboard manager may keep a copy of its own. Beside -c and -P it copies what --generate or --words make up.",
      set: (options) => {
        options.clip = true;
      },
    },
    {
      names: ["-a", "--all"],
      help: "also list what is not yours (for privileged users)",
      set: (options) => {
        options.all = true;
      },
    },
    {
      names: ["--json"],
      help: "print lists and properties as JSON",
      set: (options) => {
        options.json = true;
      },
    },
    {
      names: ["-v", "--verbose"],
      help: "say more; show a password in plain colours",
      set: (options) => {
        options.verbose = true;
      },
    },
    {
      names: ["--yes"],
      isRare: true,
      help: "answer every question with yes",
      set: (options) => {
        options.yes = true;
      },
    },
    {
      names: ["-h", "--help"],
      isRare: true,
      help: "print this help; with --verbose, all of it",
      set: (options) => {
        options.mode = "help";
      },
    },
    {
      names: ["--version"],
      isRare: true,
      help: "print the version",
      set: (options) => {
        options.mode ??= "version";
        options.modeOption ??= "--version";
      },
    },
    command(
      {
        names: ["--completion"],
        argument: "SHELL",
        isRare: true,
        help: "print the completion script for bash, zsh or fish",
        more: 'For bash: eval "$(pstore --completion bash)" in ~/.bashrc; for zsh likewise in ~/.zshrc, after compinit; for fish: pstore --completion fish > ~/.config/fish/completions/pstore.fish.',
        set: (options, shell) => {
          options.completion = shellOf(shell);
        },
      },
      "completion",
    ),
    command(
      {
        names: ["--lookup-machine"],
        isRare: true,
        help: "print the names of your machines, for completion",
        more: "With a text behind it, of those that contain it. This option and the three below ask nobody anything: without a session, or a key that signs unasked, they print what they knew last, or nothing. Answers are kept for a minute. -v says why there is none.",
      },
      "lookup-machine",
    ),
    command(
      {
        names: ["--lookup-property"],
        isRare: true,
        help: "print the names of a machine's properties, likewise",
      },
      "lookup-property",
    ),
    command(
      {
        names: ["--lookup-member"],
        isRare: true,
        help: "print who has access to a machine, likewise",
      },
      "lookup-member",
    ),
    command(
      {
        names: ["--lookup-user"],
        isRare: true,
        help: "print the names of the store's users, likewise",
      },
      "lookup-user",
    ),
  ],
};

function shellOf(text: string): Shell {
  const shell = shells.find((one) => one === text);
  if (shell === undefined)
    throw new Problem("usage", `--completion is for ${shells.join(", ")}, not '${text}'`);
  return shell;
}
