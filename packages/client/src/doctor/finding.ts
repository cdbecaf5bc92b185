import { Problem } from "@pstore/core/problem";
import { visibleLine } from "@pstore/core/visible";

export type Status = "ok" | "warning" | "fault" | "skipped";

/** What one check found. */
export interface Finding {
  /** What was looked at, in a word or two. */
  readonly check: string;
  readonly status: Status;
  /** What was found; of what was skipped, why. */
  readonly found: string;
  /** What to do; `null` where all is well. */
  readonly remedy: string | null;
}

export function ok(check: string, found: string): Finding {
  return { check, status: "ok", found, remedy: null };
}

/** Something that works, and may not for long. */
export function warning(check: string, found: string, remedy: string): Finding {
  return { check, status: "warning", found, remedy };
}

/** Something in the way of pstore, or of what it protects. */
export function fault(check: string, found: string, remedy: string): Finding {
  return { check, status: "fault", found, remedy };
}

export function skipped(check: string, because: string, remedy = "mend that first"): Finding {
  return { check, status: "skipped", found: because, remedy };
}

/**
 * A fault that a command would end with: its sentence says what is wrong, and behind a semicolon what to do.
 * @throws what is neither a Problem nor an error of the operating system
 */
export function faultBy(check: string, error: unknown, remedy = "mend it and run this again"): Finding {
  if (error instanceof Problem) {
    const [found = "", ...rest] = error.message.split("; ");
    return fault(check, found, rest.join("; ") || remedy);
  }
  const { message, syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined) throw error;
  return fault(check, `it cannot be looked at (${message})`, remedy);
}

/** A fault of pstore itself. */
export function unforeseen(check: string, error: unknown): Finding {
  const { message } = error as Error;
  return fault(check, `pstore has a fault (${message})`, "please report it");
}

const signs = { ok: "ok", warning: "warning", fault: "FAULT", skipped: "skipped" } as const;

/** A finding as one line: what others wrote cannot make more of it. */
export function lineOf({ check, status, found, remedy }: Finding): string {
  const sign = signs[status].padEnd(8);
  if (status === "skipped") return visibleLine(`${sign} ${check} (because ${found}; ${remedy})`);
  return visibleLine(`${sign} ${check}: ${found}${remedy === null ? "" : `; ${remedy}`}`);
}
