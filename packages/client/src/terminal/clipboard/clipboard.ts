import { createHash } from "node:crypto";
import { Problem } from "@pstore/core/problem";
import { emptyClipboard, longestThroughTerminal, openTerminal, writeClipboard } from "./osc52.ts";
import { clearingWord, type Task } from "./task.ts";
import { runTool, type Tool, toolsAt } from "./tools.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a text goes that is copied. */
export interface Clipboard {
  /**
   * Copies a text, and has it cleared by a process that outlives this one.
   * @returns what was done, as the end of a sentence
   * @throws Problem `local-fault` when it cannot be copied
   */
  copy(text: string): Promise<string>;
}

/**
 * The clipboard of whoever runs this: reached by a tool, or through the terminal where they sit elsewhere or there is no
 * tool.
 * @throws Problem `local-fault` when there is none, `usage` when PSTORE_CLIP_SECONDS is wrong
 */
export function openClipboard(env: Environment): Clipboard {
  const seconds = secondsIn(env);
  const tools = toolsAt(env);
  const terminal = openTerminal(env);
  if (tools.length === 0 && terminal === null) {
    throw new Problem(
      "local-fault",
      "there is no clipboard here: no wl-copy, xclip or xsel with a display, no pbcopy, no clip.exe, and no terminal that could pass it on; use -o FILE",
    );
  }
  return {
    async copy(text) {
      const cleared = `cleared in ${seconds} second${seconds === 1 ? "" : "s"}`;
      const bytes = Buffer.from(text);
      for (const tool of tools) {
        if (!(await fill(tool, text, env))) continue;
        const digest = createHash("sha256").update(bytes).digest("hex");
        await orAtOnce(clearLater({ tool: tool.name, digest, seconds }, null, env), () =>
          runTool(tool.clear, env, new Uint8Array(), null),
        );
        return `to the clipboard (${tool.name}), which is ${cleared}`;
      }
      if (terminal === null)
        throw failed(`${tools.map(({ name }) => name).join(" and ")} cannot reach the display`);
      if (bytes.length > longestThroughTerminal)
        throw failed(`${bytes.length} bytes are more than terminals pass on (${longestThroughTerminal})`);
      writeClipboard(terminal, text);
      await orAtOnce(clearLater({ tool: null, digest: "", seconds }, terminal, env), async () =>
        emptyClipboard(terminal),
      );
      const hint = env["TMUX"] ? " (tmux does with set -s set-clipboard on)" : "";
      return `through the terminal (OSC 52), if it passes that on${hint}; ${cleared}, whatever it holds then`;
    },
  };
}

async function fill({ copy, encode, env: own }: Tool, text: string, env: Environment): Promise<boolean> {
  const input = encode?.(text) ?? Buffer.from(text);
  return (await runTool(copy, { ...env, ...own }, input, null)) !== null;
}

/** Starts the process that clears the clipboard. It is told through a pipe what to clear, and never the text itself. */
async function clearLater(task: Task, terminal: number | null, env: Environment): Promise<void> {
  // A program that is compiled is its own interpreter.
  const self = Bun.main.startsWith("/$bunfs/") ? [process.execPath] : [process.execPath, Bun.main];
  const child = Bun.spawn([...self, clearingWord], {
    stdin: "pipe",
    stdout: terminal ?? "ignore",
    stderr: "ignore",
    detached: true,
    cwd: "/",
    env,
  });
  await child.stdin.write(JSON.stringify(task));
  await child.stdin.end();
  child.unref();
}

/** Without a process that will clear the clipboard, it is cleared now. */
async function orAtOnce(isStarted: Promise<void>, clear: () => Promise<unknown>): Promise<void> {
  try {
    await isStarted;
  } catch {
    await clear();
    throw failed("the process that would clear it later cannot be started");
  }
}

function secondsIn(env: Environment): number {
  const text = env["PSTORE_CLIP_SECONDS"] || "45";
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new Problem("usage", `PSTORE_CLIP_SECONDS is a number of seconds from 1 to 99999, not '${text}'`);
}

function failed(why: string): Problem {
  return new Problem("local-fault", `nothing was copied: ${why}; use -o FILE`);
}
