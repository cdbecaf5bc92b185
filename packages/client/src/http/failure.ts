import { Problem, type ProblemCode } from "@pstore/core/problem";

/**
 * Whether the same request may fare better:
 * - `no`: it would end the same there;
 * - `elsewhere`: it would end the same there, and was not tried at the other URLs;
 * - `nobody`: nobody answered, as while a server is started anew, or where there is none;
 * - `away`: something is there, and says that the server is not, or no longer.
 */
export type Again = "no" | "elsewhere" | "nobody" | "away";

export interface FailureParts {
  /** What went wrong, and where. */
  readonly what: string;
  /** What to do about it, where there is something. */
  readonly remedy?: string;
  readonly again: Again;
  readonly code?: Extract<ProblemCode, "unavailable" | "too-many-requests">;
  /** After how many seconds it may be tried again, as the server says. */
  readonly retryAfter?: number | null;
  readonly cause?: unknown;
}

/** A request that got no answer which counts: in doubt, the server has carried it out all the same. */
export class Failure extends Problem {
  readonly what: string;
  readonly remedy: string | null;
  readonly again: Again;

  constructor({ what, remedy, again, code = "unavailable", retryAfter, cause }: FailureParts) {
    super(code, remedy === undefined ? what : `${what}; ${remedy}`, {
      ...(cause === undefined ? {} : { cause }),
      ...(typeof retryAfter === "number" ? { retryAfter } : {}),
    });
    this.what = what;
    this.remedy = remedy ?? null;
    this.again = again;
  }

  /** The same, but for what is given. */
  but(other: Partial<Pick<FailureParts, "again" | "remedy" | "retryAfter">>): Failure {
    const { what, remedy, again, code, retryAfter, cause } = this;
    return new Failure({
      ...{ what, again, retryAfter, cause, code: code as NonNullable<FailureParts["code"]> },
      ...(remedy === null ? {} : { remedy }),
      ...other,
    });
  }
}

/** The failure of a round in which each URL was tried once: it is named after the first, and as hopeful as the best. */
export function ofRound([first, ...others]: readonly [Failure, ...Failure[]]): Failure {
  const all = [first, ...others];
  const waits = all.map(({ retryAfter }) => retryAfter).filter((seconds) => seconds !== null);
  const again = (["away", "nobody"] as const).find((hope) => all.some((one) => one.again === hope)) ?? "no";
  return first.but({ again, retryAfter: waits.length === 0 ? null : Math.max(...waits) });
}
