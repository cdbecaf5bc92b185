// What `pstore --doctor` says.
import type { Account, PstoreOptions } from "./account.ts";

export interface Examined {
  readonly code: number | null;
  readonly text: string;
  readonly stderr: string;
  /** The lines about one thing, each as it is printed. */
  of(check: string): string[];
  /** The lines that say something else than that all is well. */
  readonly bad: readonly string[];
}

/** Runs `pstore --doctor`; each line that it prints must be one of its own form. */
export async function examine(
  user: Account,
  args: readonly string[] = [],
  options: PstoreOptions = {},
): Promise<Examined> {
  const { code, text, stderr } = await user.pstore(["--doctor", ...args], options);
  const lines = text.split("\n").slice(0, -1);
  for (const line of lines) {
    if (!/^(?:ok {7}|warning {2}|FAULT {4}|skipped {2})\S/.test(line))
      throw new Error(`'${line}' is no line of the doctor's.`);
  }
  const bad = lines.filter((line) => !line.startsWith("ok "));
  const of = (check: string) =>
    lines.filter((line) => [`${check}:`, `${check} (`].some((start) => line.slice(9).startsWith(start)));
  return { code, text, stderr, of, bad };
}
