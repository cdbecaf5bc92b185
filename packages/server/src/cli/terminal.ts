import { closeSync, openSync, writeSync } from "node:fs";
import { ReadStream } from "node:tty";
import { Interrupted } from "./io.ts";

/**
 * Asks at the controlling terminal, whatever standard input is, and does not show what is typed.
 * @returns `null` when the program has no terminal
 * @throws Interrupted
 */
export async function askSecret(question: string): Promise<string | null> {
  let output: number;
  try {
    output = openSync("/dev/tty", "r+");
  } catch {
    return null;
  }
  const input = new ReadStream(openSync("/dev/tty", "r"));
  try {
    input.setRawMode(true);
    writeSync(output, question);
    return await typed(input);
  } finally {
    input.setRawMode(false);
    input.destroy();
    writeSync(output, "\n");
    closeSync(output);
  }
}

/** Reads up to the end of the line. In raw mode the terminal's own editing keys are ours to follow. */
async function typed(input: ReadStream): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of input) {
    for (const character of decoder.decode(chunk, { stream: true })) {
      if (character === "\r" || character === "\n") return text;
      if (character === "\x03") throw new Interrupted();
      if (character === "\x04") {
        if (text === "") return text;
      } else if (character === "\x7f" || character === "\b") text = [...text].slice(0, -1).join("");
      else if (character === "\x15") text = "";
      else text += character;
    }
  }
  return text;
}
