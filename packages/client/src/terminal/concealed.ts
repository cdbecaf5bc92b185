import type { Output } from "../io.ts";
import { printParts } from "./output.ts";

/** Black on black: readable for whoever marks it, not for whoever looks over a shoulder. */
const hide = "\u001b[30;40m";
const show = "\u001b[0m";

/**
 * Prints a line of text with a secret at its end.
 * @param secret what is to be concealed, in parts
 */
export async function printConcealed(output: Output, text: string, secret: Iterable<string>): Promise<void> {
  // Ctrl-C ends the process in the middle: the shell's prompt shall be seen.
  const reveal = () => void output.bytes(show).catch(() => {});
  process.once("exit", reveal);
  try {
    await printParts(output, concealed(text, secret));
  } finally {
    process.off("exit", reveal);
  }
}

function* concealed(text: string, secret: Iterable<string>): Generator<string> {
  yield `${text}${hide}`;
  for (const part of secret) yield part.replaceAll("\n", `${show}\n${hide}`);
  yield `${show}\n`;
}
