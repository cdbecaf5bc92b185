import { Problem } from "@pstore/core/problem";

/** How other programs of this kind call what they do. */
const habits = ["show", "list", "ls", "get", "insert", "edit", "rm", "generate", "find", "help"];

/** What to tell those who gave the first word out of habit; `null`: it is none of these. */
export function habitHint(word: string): string | null {
  return habits.includes(word) ? "pstore has no commands, only options: see pstore --help" : null;
}

/** Runs a step that may not find the machine, and tells then what its name may have been meant as. */
export async function withHint<T>(machine: string, step: Promise<T>): Promise<T> {
  try {
    return await step;
  } catch (error) {
    const hint = habitHint(machine);
    if (hint === null || !(error instanceof Problem) || error.code !== "not-found") throw error;
    throw new Problem(error.code, `${error.message}; ${hint}`, { cause: error });
  }
}
