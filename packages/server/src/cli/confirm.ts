import { Problem } from "@pstore/core/problem";
import type { Io } from "./io.ts";

/**
 * Asks before something that cannot be taken back.
 * @throws Problem `no-terminal`, `declined`
 */
export async function confirm(io: Io, question: string): Promise<void> {
  const answer = await io.confirm(question);
  if (answer === null) {
    throw new Problem(
      "no-terminal",
      `there is no terminal to ask '${question}' at; answer it beforehand with --yes`,
    );
  }
  if (!answer) throw new Problem("declined", "nothing was changed");
}
