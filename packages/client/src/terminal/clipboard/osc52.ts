import { constants, openSync, writeSync } from "node:fs";

type Environment = Readonly<Record<string, string | undefined>>;

/** The longest text, in bytes, that terminals take: some stop at 100,000 characters of base64 in all. */
export const longestThroughTerminal = 74_994;

/**
 * The controlling terminal, which may hand a text on to the clipboard of the host at which the user sits, if it is one
 * that could (xterm's ctlseqs, OSC 52).
 * @returns its descriptor, which stays open for programs that are started with it; `null` where there is none
 */
export function openTerminal(env: Environment): number | null {
  if (["", "dumb", "linux"].includes(env["TERM"] ?? "")) return null;
  try {
    return openSync("/dev/tty", constants.O_WRONLY | constants.O_NOCTTY);
  } catch {
    return null;
  }
}

/** @throws when the terminal is gone */
export function writeClipboard(fd: number, text: string): void {
  let rest = Buffer.from(sequence(text));
  while (rest.length > 0) rest = rest.subarray(writeSync(fd, rest));
}

/** First with a blank: some (tmux) take an empty text for none. */
export function emptyClipboard(fd: number): void {
  writeClipboard(fd, " ");
  writeClipboard(fd, "");
}

function sequence(text: string): string {
  return `\u001b]52;c;${Buffer.from(text).toString("base64")}\u0007`;
}
