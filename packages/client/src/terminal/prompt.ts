import { Problem } from "@pstore/core/problem";
import { Interrupted } from "./interrupted.ts";
import type { Key } from "./keys.ts";
import { aside } from "./progress.ts";
import { RawTerminal } from "./raw-terminal.ts";

/**
 * Asks a yes-or-no question at the controlling terminal, never at stdin.
 * @throws Problem `no-terminal` where there is none; the sentence names `--yes`
 */
export async function confirm(question: string): Promise<boolean> {
  const answer = await ask(`${question} [y/N] `, true, unasked(question, "answer it beforehand with --yes"));
  return /^y(es)?$/i.test(answer.trim());
}

/**
 * Asks for a secret at the controlling terminal, without echo.
 * @param question printed as it is: it may have several lines
 * @param refusal the sentence where there is none
 * @throws Problem `no-terminal` where there is none
 */
export async function askSecret(
  question: string,
  refusal = unasked(question, "give the password on standard input"),
): Promise<string> {
  return ask(question, false, refusal);
}

/** Asks for a line that is no secret. */
export async function askLine(question: string, refusal: string): Promise<string> {
  return ask(question, true, refusal);
}

/** Why a question was not asked. @param otherwise what to do instead */
export function unasked(question: string, otherwise: string): string {
  return `there is no terminal to ask '${question.trim()}' at; ${otherwise}`;
}

function ask(question: string, echo: boolean, refusal: string): Promise<string> {
  return aside(() => askAt(question, echo, refusal));
}

async function askAt(question: string, echo: boolean, refusal: string): Promise<string> {
  const terminal = await RawTerminal.open();
  if (terminal === null) throw new Problem("no-terminal", refusal);
  try {
    for (;;) {
      terminal.write(question);
      const answer = await readLine(terminal, echo);
      if (answer !== null) return checked(answer);
    }
  } finally {
    terminal.close();
  }
}

/** Reads a line with the few editing keys that a terminal's own line mode has; `null`: it must be asked again. */
async function readLine(terminal: RawTerminal, echo: boolean): Promise<string | null> {
  const typed: string[] = [];
  const show = (text: string) => echo && terminal.write(text);
  const add = (text: string) => {
    typed.push(text);
    show(text.replaceAll("\n", " "));
  };
  for (let key = await terminal.key(); key !== null; key = await terminal.key()) {
    if (typeof key !== "string") add(key.text);
    else if (key === "enter") return typed.join("");
    else if (key === "asked-again") return null;
    else if (key === "interrupt" || (key === "end" && typed.length === 0)) throw new Interrupted();
    else if (key === "quit") throw new Interrupted(131);
    else show("\b \b".repeat(typed.splice(typed.length - erased(key, typed)).length));
  }
  // The terminal is gone.
  throw new Interrupted();
}

/** How much of a line a key takes away. */
function erased(key: Key, typed: readonly string[]): number {
  if (key === "erase") return Math.min(1, typed.length);
  if (key === "erase-line") return typed.length;
  if (key !== "erase-word") return 0;
  // As Linux' line mode does: back over what is no word, then over the word.
  const isWord = (at: number) => /[\p{L}\p{N}_]/u.test(typed[at] ?? "");
  let start = typed.length;
  while (start > 0 && !isWord(start - 1)) start--;
  while (start > 0 && isWord(start - 1)) start--;
  return typed.length - start;
}

/** @throws Problem `bad-value` when it cannot be what was meant */
function checked(answer: string): string {
  if (answer.includes("\n"))
    throw new Problem(
      "bad-value",
      "what was pasted has several lines, and the answer is one line; try again",
    );
  if (answer.includes("\ufffd"))
    throw new Problem("bad-value", "the terminal does not send UTF-8; set it to that, and try again");
  return answer;
}
