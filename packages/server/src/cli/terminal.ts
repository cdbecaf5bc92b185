import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { ReadStream } from "node:tty";
import { Problem } from "@pstore/core/problem";
import { Interrupted } from "./io.ts";

/** How long to wait for the system to stop the process, in milliseconds. It stops none that nobody could continue. */
const patience = 100;

/**
 * Asks at the controlling terminal, whatever standard input is, and does not show what is typed.
 * @returns `null` when the program has no terminal
 * @throws Interrupted
 * @throws Problem `bad-value` when what was typed is no UTF-8
 */
export async function askSecret(question: string): Promise<string | null> {
  const terminal = openTerminal();
  if (terminal === null) return null;
  // Only for its raw mode. A second stream on the terminal never gets what is typed, so bytes are read without one.
  const stream = new ReadStream(openSync("/dev/tty", "r"));
  try {
    for (;;) {
      stream.setRawMode(true);
      writeSync(terminal, question);
      const answer = readSecret(terminal);
      if (answer !== null) return answer;
      stream.setRawMode(false);
      writeSync(terminal, "\n");
      await stop();
    }
  } finally {
    stream.setRawMode(false);
    stream.destroy();
    writeSync(terminal, "\n");
    closeSync(terminal);
  }
}

/**
 * Asks a yes-or-no question at the controlling terminal, in its own line mode: its keys do what they always do.
 * @returns `null` when the program has no terminal
 */
export async function confirm(question: string): Promise<boolean | null> {
  const terminal = openTerminal();
  if (terminal === null) return null;
  try {
    writeSync(terminal, `${question} [y/N] `);
    const buffer = new Uint8Array(4096);
    const answer = new TextDecoder().decode(buffer.subarray(0, readSync(terminal, buffer)));
    if (!answer.endsWith("\n")) writeSync(terminal, "\n");
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    closeSync(terminal);
  }
}

function openTerminal(): number | null {
  try {
    return openSync("/dev/tty", "r+");
  } catch {
    return null;
  }
}

/**
 * Reads up to the end of the line. In raw mode the terminal's own keys are ours to follow.
 * @returns `null` for Ctrl-Z
 */
function readSecret(terminal: number): string | null {
  let text = "";
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(256);
  for (;;) {
    const length = readSync(terminal, buffer);
    if (length === 0) throw new Interrupted();
    // Arrow and function keys (ECMA-48, 5.4), each of which comes in one piece.
    const typed = decoder
      .decode(buffer.subarray(0, length), { stream: true })
      .replace(/\x1b(?:\[[\x20-\x3f]*[\x40-\x7e]|O[^\x00-\x1f])/g, "");
    for (const character of typed) {
      switch (character) {
        case "\r":
        case "\n":
          return checked(text);
        case "\x03":
          throw new Interrupted();
        case "\x1c":
          throw new Interrupted(131);
        case "\x1a":
          return null;
        case "\x04":
          if (text === "") throw new Interrupted();
          break;
        case "\x7f":
        case "\b":
          text = [...text].slice(0, -1).join("");
          break;
        case "\x15":
          text = "";
          break;
        case "\x17":
          // As Linux' line mode does: back over what is no word, then over the word.
          text = text.replace(/[\p{L}\p{N}_]*[^\p{L}\p{N}_]*$/u, "");
          break;
        default:
          if (!/\p{Cc}/u.test(character)) text += character;
      }
    }
  }
}

function checked(text: string): string {
  if (text.includes("\ufffd"))
    throw new Problem("bad-value", "the terminal does not send UTF-8; set it to that, and try again");
  return text;
}

/** Stops the process and all of its job, as Ctrl-Z does at other programs; resolves when it is continued. */
async function stop(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  process.once("SIGCONT", resolve);
  process.kill(0, "SIGTSTP");
  await Promise.race([promise, pause(patience)]);
  process.off("SIGCONT", resolve);
}
