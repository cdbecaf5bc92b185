import { constants, openSync, readSync, writeSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { ReadStream } from "node:tty";
import { Problem } from "@pstore/core/problem";
import { Interrupted } from "./interrupted.ts";

/**
 * Asks a yes-or-no question at the controlling terminal, never at stdin.
 * @throws Problem `no-terminal` where there is none; the sentence names `--yes`
 */
export async function confirm(question: string): Promise<boolean> {
  const answer = await ask(`${question} [y/N] `, true, "answer it beforehand with --yes");
  return /^y(es)?$/i.test(answer.trim());
}

/**
 * Asks for a secret at the controlling terminal, without echo.
 * @param question printed as it is
 * @throws Problem `no-terminal` where there is none
 */
export async function askSecret(question: string): Promise<string> {
  return ask(question, false, "give the password on standard input");
}

/** How often the keyboard is looked at, in milliseconds. */
const glance = 15;

async function ask(question: string, echo: boolean, otherwise: string): Promise<string> {
  let fd: number;
  try {
    fd = openSync("/dev/tty", constants.O_RDWR | constants.O_NONBLOCK);
  } catch {
    throw new Problem("no-terminal", `there is no terminal to ask '${question.trim()}' at; ${otherwise}`);
  }
  // It sets the mode only. A read that still waits when the question is answered would take keys from pinentry.
  const terminal = new ReadStream(fd);
  const restore = () => terminal.setRawMode(false);
  process.once("exit", restore);
  try {
    terminal.setRawMode(true);
    writeSync(fd, question);
    return await readLine(fd, echo);
  } finally {
    restore();
    process.off("exit", restore);
    writeSync(fd, "\n");
    terminal.destroy();
  }
}

/** Reads a line in raw mode, with the few editing keys that a terminal's own line mode has. */
async function readLine(fd: number, echo: boolean): Promise<string> {
  const show = (text: string) => echo && writeSync(fd, text);
  const typed: string[] = [];
  for await (const key of keys(fd)) {
    if (key === "\r" || key === "\n") return typed.join("");
    if (key === "\u0003" || (key === "\u0004" && typed.length === 0)) break;
    if (key === "\u007f" || key === "\b") {
      if (typed.pop() !== undefined) show("\b \b");
    } else if (key === "\u0015") {
      show("\b \b".repeat(typed.length));
      typed.length = 0;
    } else if (key >= " ") {
      typed.push(key);
      show(key);
    }
  }
  throw new Interrupted();
}

/** What was typed behind the answer to a question: it answers the next one. */
const typedAhead: string[] = [];

async function* keys(fd: number): AsyncGenerator<string> {
  const utf8 = new TextDecoder();
  const buffer = new Uint8Array(256);
  for (;;) {
    for (let key = typedAhead.shift(); key !== undefined; key = typedAhead.shift()) yield key;
    const count = readKeys(fd, buffer);
    if (count === 0) return;
    if (count === null) await pause(glance);
    else typedAhead.push(...utf8.decode(buffer.subarray(0, count), { stream: true }));
  }
}

/** The number of bytes read, 0 when the terminal is gone, `null` when no key was pressed. */
function readKeys(fd: number, buffer: Uint8Array): number | null {
  try {
    return readSync(fd, buffer);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EAGAIN" ? null : 0;
  }
}
