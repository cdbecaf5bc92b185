// Interactive shells at a real terminal, as a person has them before any set-up of their own.
import { dirname } from "node:path";
import type { Shell } from "../../packages/client/src/cli/options/option.ts";
import type { Account } from "./account.ts";
import { pstore } from "./executables.ts";
import { environment } from "./process.ts";
import { openTerminal, type TerminalSession } from "./terminal.ts";

/** How each is started and set up: then a function shows the words that it is given in the place of pstore, which completion calls as a command. */
const setUps: Readonly<
  Record<Shell, { readonly argv: readonly string[]; readonly lines: readonly string[] }>
> = {
  bash: {
    argv: ["bash", "--noprofile", "--norc", "-i"],
    lines: [
      "bind 'set bell-style none'; bind 'set enable-bracketed-paste off'; bind 'set page-completions off'",
      "bind 'set completion-query-items 0'; bind 'set show-all-if-ambiguous on'; PS1='READY> '",
      "show() { printf '\\n<<'; printf '[%s]' \"$@\"; printf '>>\\n'; }",
      'eval "$(pstore --completion bash)"; pstore() { show pstore "$@"; }',
    ],
  },
  zsh: {
    argv: ["zsh", "-f", "-i"],
    lines: [
      "unsetopt beep prompt_sp prompt_cr; PS1='READY> '; LISTMAX=0",
      "show() { printf '\\n<<'; printf '[%s]' \"$@\"; printf '>>\\n' }",
      "autoload -Uz compinit; compinit -u -D",
      'eval "$(pstore --completion zsh)"; pstore() { show pstore "$@" }',
    ],
  },
  fish: {
    argv: ["fish", "--no-config", "--private"],
    lines: [
      "set -g fish_greeting; set -g fish_autosuggestion_enabled 0",
      "function fish_prompt; echo -n 'READY> '; end",
      "function show; printf '\\n<<'; printf '[%s]' $argv; printf '>>\\n'; end",
      "pstore --completion fish | source; function pstore; show pstore $argv; end",
    ],
  },
};

/** A shell of a user that completes `pstore`. */
export class CompletingShell {
  readonly terminal: TerminalSession;

  private constructor(terminal: TerminalSession) {
    this.terminal = terminal;
  }

  static async open(shell: Shell, user: Account): Promise<CompletingShell> {
    const { argv, lines } = setUps[shell];
    const terminal = openTerminal(argv, {
      cwd: user.home,
      columns: 200,
      rows: 60,
      env: { ...user.env, PATH: `${dirname(pstore)}:${environment()["PATH"]}` },
    });
    const opened = new CompletingShell(terminal);
    terminal.type(`${lines.join("\r")}\r`);
    await opened.run("show ready");
    return opened;
  }

  /** Runs a line with `pstore` or `show` in it, and answers the words that it was given: `[pstore][db1]`. */
  async run(line: string): Promise<string> {
    this.terminal.type(`${line}\r`);
    return this.#shown();
  }

  /** The words of a line once the Tab key was pressed at its end, as the shell reads them. */
  completed(line: string): Promise<string> {
    return this.run(`${line}\t`);
  }

  /** What appears when the Tab key is pressed at the end of a line, up to a text that must be there. */
  async offered(line: string, last: string | RegExp): Promise<string> {
    this.terminal.type(`${line}\t`);
    const text = await this.terminal.waitFor(last);
    await this.run("");
    return text;
  }

  async #shown(): Promise<string> {
    const text = await this.terminal.waitFor(/<<(\[.*\])?>>/s);
    await this.terminal.waitFor("READY> ");
    return /<<((\[.*\])?)>>/s.exec(text)?.[1] ?? "";
  }
}
