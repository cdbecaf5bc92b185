import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { Problem } from "@pstore/core/problem";
import { emptyClipboard } from "./osc52.ts";
import { clearingWord, longest, type Task } from "./task.ts";
import { runTool, tools } from "./tools.ts";

/** Clears the clipboard after a while, if it still holds the text. The task comes on standard input. */
export async function clearClipboard(env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const { tool: name, digest, seconds } = taskIn(await Bun.stdin.text());
  await pause(seconds * 1000);
  if (name === null) {
    emptyClipboard(1);
    return;
  }
  const tool = tools.find((one) => one.name === name);
  if (tool === undefined) return;
  const toolEnv = { ...env, ...tool.env };
  const printed = await runTool(tool.paste, toolEnv, new Uint8Array(), longest + 16);
  if (printed === null) return;
  const text = tool.decode?.(printed) ?? printed;
  if (createHash("sha256").update(text).digest("hex") !== digest) return;
  await runTool(tool.clear, toolEnv, new Uint8Array(), null);
}

function taskIn(text: string): Task {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem("usage", `${clearingWord} is what --clip starts by itself; see pstore --help`);
  }
}
