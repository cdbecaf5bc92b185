// Commands as a person types them at a shell's prompt, with what the terminal then shows.
import { appendFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Account } from "./account.ts";
import { pstore } from "./executables.ts";
import { environment } from "./process.ts";
import { openTerminal } from "./terminal.ts";

/** One command and the answers typed at its questions, in their order. */
export interface Step {
  readonly command: string;
  readonly answers?: readonly string[];
}

/** What a terminal showed of a session. */
export interface Transcript {
  /** Each command behind `$ `, then what it printed: stdout and questions. Line feeds alone end the lines. */
  readonly text: string;
  /** What all commands wrote to stderr. */
  readonly stderr: string;
}

/** The colours that hide a password at a terminal, and their end. */
const concealment = /\u001b\[30;40m(.*)\u001b\[0m/g;

/**
 * Plays a session at a real terminal; every command must end with 0. Only stderr goes elsewhere, as with `2>FILE`. The
 * colours that conceal a password are left out of the text.
 *
 * @throws Error with everything shown when a command fails, or shows a typed answer
 */
export async function play(user: Account, steps: readonly Step[]): Promise<Transcript> {
  const file = join(user.home, "transcript-stderr");
  await appendFile(file, "");
  let text = "";
  for (const { command, answers = [] } of steps) {
    const terminal = openTerminal(["sh", "-c", `{ ${command}\n} 2>>${file}`], {
      cwd: user.home,
      env: { ...user.env, PATH: `${dirname(pstore)}:${environment()["PATH"]}` },
    });
    for (const answer of answers) {
      await terminal.waitFor(/: $/);
      if (terminal.echoes) throw new Error(`The terminal shows what is typed at: ${terminal.output}`);
      terminal.type(`${answer}\r`);
    }
    const { code, output } = await terminal.exit;
    const stderr = await Bun.file(file).text();
    if (code !== 0) throw new Error(`${command} ended with ${code}: ${output}${stderr}`);
    text += `$ ${command}\n${output.replaceAll("\r\n", "\n").replace(concealment, "$1")}`;
  }
  return { text, stderr: await Bun.file(file).text() };
}
