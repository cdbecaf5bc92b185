import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { ReadStream } from "node:tty";
import { Interrupted } from "./io.ts";

/**
 * Asks at the controlling terminal, whatever standard input is, and does not show what is typed.
 * @returns `null` when the program has no terminal
 * @throws Interrupted
 */
export async function askSecret(question: string): Promise<string | null> {
  let terminal: number;
  try {
    terminal = openSync("/dev/tty", "r+");
  } catch {
    return null;
  }
  // Only for its raw mode. A second stream on the terminal never gets what is typed, so bytes are read without one.
  const stream = new ReadStream(openSync("/dev/tty", "r"));
  try {
    stream.setRawMode(true);
    writeSync(terminal, question);
    return readLine(terminal);
  } finally {
    stream.setRawMode(false);
    stream.destroy();
    writeSync(terminal, "\n");
    closeSync(terminal);
  }
}

/** Reads up to the end of the line. In raw mode the terminal's own editing keys are ours to follow. */
function readLine(terminal: number): string {
  let text = "";
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(256);
  for (;;) {
    const length = readSync(terminal, buffer);
    if (length === 0) return text;
    for (const character of decoder.decode(buffer.subarray(0, length), { stream: true })) {
      if (character === "\r" || character === "\n") return text;
      if (character === "\x03") throw new Interrupted();
      if (character === "\x04") {
        if (text === "") return text;
      } else if (character === "\x7f" || character === "\b") text = [...text].slice(0, -1).join("");
      else if (character === "\x15") text = "";
      else text += character;
    }
  }
}
