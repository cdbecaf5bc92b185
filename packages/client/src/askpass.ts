import { Problem } from "@pstore/core/problem";
import { visible } from "@pstore/core/visible";
import type { Io } from "./io.ts";
import { askDesk, folderVariable } from "./programs/askpass.ts";
import { Interrupted } from "./terminal/interrupted.ts";
import { askLine, askSecret, unasked } from "./terminal/prompt.ts";

/** How much of a prompt matters, in characters: a server may send much. */
const longestPrompt = 4096;

/**
 * What ssh asks through SSH_ASKPASS (ssh(1)): the stored password comes from the pstore that runs this ssh, and the
 * person at the terminal answers everything else.
 * @param words the prompt
 * @returns the exit status: 0 when standard output holds the answer
 */
export async function askpass(words: readonly string[], { env, stdout, stderr }: Io): Promise<number> {
  const folder = env[folderVariable] ?? "";
  const prompt = visible((words[0] ?? "").slice(0, longestPrompt));
  const kind = env["SSH_ASKPASS_PROMPT"];
  if (kind === "none") {
    stderr.write(`${prompt}\n`);
    return 0;
  }
  const answer =
    kind === "confirm" ? { ask: true as const } : await askDesk(folder, { prompt, asker: process.ppid });
  if (answer === null) return 1;
  try {
    const bytes = "secret" in answer ? Buffer.from(answer.secret, "base64") : await askPerson(prompt, kind);
    await stdout.bytes(Buffer.concat([Buffer.from(bytes), Buffer.from("\n")]));
    return 0;
  } catch (error) {
    // Left to itself, ssh would try without a password, again and again.
    if (error instanceof Interrupted) {
      await askDesk(folder, { failed: "interrupted", sentence: "" });
      // The question has kept the signal from the others at this terminal: ssh to a jump host would go on asking.
      if (error.status === 130) process.kill(0, "SIGINT");
    } else if (error instanceof Problem)
      await askDesk(folder, { failed: "no-terminal", sentence: error.message });
    else throw error;
    return 1;
  }
}

async function askPerson(prompt: string, kind: string | undefined): Promise<string> {
  const refusal = unasked(prompt, "run it at a terminal");
  if (kind === "confirm") {
    const answer = await askLine(`${prompt} [y/N] `, refusal);
    if (!/^y(es)?$/i.test(answer.trim())) throw new Interrupted(1);
    return "yes";
  }
  // Whether to trust a host's key, for example: what is typed is no secret.
  return /\(yes\/no|'yes', 'no'/.test(prompt) ? askLine(prompt, refusal) : askSecret(prompt, refusal);
}
