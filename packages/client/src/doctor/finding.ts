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

/** A fault that a command would end with: its sentence says what is wrong, and behind a semicolon what to do. */
export function faultBy(check: string, error: unknown, remedy = "mend it and run this again"): Finding {
  if (!(error instanceof Problem)) return unforeseen(check, error);
  const [found = "", ...rest] = error.message.split("; ");
  return fault(check, found, rest.join("; ") || remedy);
}

/** What an error says that nobody foresaw: one of the operating system is the host's affair, the rest is ours. */
function unforeseen(check: string, error: unknown): Finding {
  const { message, syscall } = error as NodeJS.ErrnoException;
  return syscall === undefined
    ? fault(check, `pstore has a fault (${message})`, "please report it")
    : fault(check, `it cannot be looked at (${message})`, "mend that and run this again");
}

const signs = { ok: "ok", warning: "warning", fault: "FAULT", skipped: "skipped" } as const;

/** A finding as one line: what others wrote cannot make more of it. */
export function lineOf({ check, status, found, remedy }: Finding): string {
  const sign = signs[status].padEnd(8);
  if (status === "skipped") return visibleLine(`${sign} ${check} (because ${found}; ${remedy})`);
  return visibleLine(`${sign} ${check}: ${found}${remedy === null ? "" : `; ${remedy}`}`);
}
