import { Problem, type ProblemCode } from "@pstore/core/problem";
import type { Db } from "../../database/open.ts";
import { isLoopback } from "../../loopback.ts";
import { type Actor, record } from "../audit.ts";
import type { AuditAction } from "../audit-actions.ts";
import { sourceOf } from "../web/source.ts";
import { Buckets, type Verdict } from "./buckets.ts";
import { SharedCounts } from "./sharing.ts";

/** How many a minute; 0: as many as one likes. */
export interface RequestRates {
  /** Requests from an address. */
  readonly maxAddressRequests: number;
  /** Requests of a user, from wherever. */
  readonly maxUserRequests: number;
  /** Requests of a user, and sign-ins from an address, that are refused: each is a row of the audit log. */
  readonly maxRefusals: number;
}

/** Who asks, and for what. */
interface Asked {
  readonly actor: Actor;
  readonly action: AuditAction;
}

/**
 * How many requests may come, counted in this process and shared with the store's other servers.
 *
 * The loopback addresses are not limited: everybody comes from there when a proxy on the same machine is not trusted, and
 * one of them would stop all.
 */
export class RequestLimits {
  readonly shared: SharedCounts;
  readonly #addresses: Buckets;
  readonly #users: Buckets;
  readonly #refusals: Buckets;

  constructor(rates: RequestRates, clock?: () => number) {
    this.#addresses = new Buckets(rates.maxAddressRequests, clock);
    this.#users = new Buckets(rates.maxUserRequests, clock);
    this.#refusals = new Buckets(rates.maxRefusals, clock);
    this.shared = new SharedCounts({
      addresses: this.#addresses,
      users: this.#users,
      refusals: this.#refusals,
    });
  }

  /**
   * Counts a request from an address, whoever makes it.
   * @throws Problem `too-many-requests`
   */
  countAddress(address: string): void {
    if (isLoopback(address)) return;
    const verdict = this.#addresses.count(sourceOf(address));
    if (!verdict.allowed) throw tooMany("too many requests come from your address", verdict);
  }

  /**
   * Counts a request of a user who is signed in. When they reach a limit, that is written to the log: once, however many
   * requests follow.
   * @throws Problem `too-many-requests`, also where too much of what they asked for was refused
   */
  async countUser(db: Db, userId: string, asked: Asked): Promise<void> {
    const refused = this.#refusals.look(userId);
    if (!refused.allowed) throw await refusal(db, asked, "too many of your requests were refused", refused);
    const verdict = this.#users.count(userId);
    if (!verdict.allowed) throw await refusal(db, asked, "you make too many requests", verdict);
  }

  /**
   * Counts a request of a user that was refused, and is written to the log for that. Changes that met with others' do not
   * count: several programs of a user may well be at the same object.
   */
  countRefusal(userId: string, code: ProblemCode): void {
    if (code !== "conflict") this.#refusals.count(userId);
  }

  /**
   * Counts a sign-in that was refused.
   *
   * It is not looked at before: nobody whose sign-in is right is kept out by others at the same address.
   * @returns `null` when it is to be written to the log; `too-many-requests` once there were so many from the address that no
   *   more of them are written
   */
  async countRefusedSignIn(db: Db, asked: Asked): Promise<Problem | null> {
    const verdict = this.#refusals.count(sourceOf(asked.actor.address));
    return verdict.allowed
      ? null
      : await refusal(db, asked, "too many sign-ins from your address were refused", verdict);
  }
}

type Refused = Extract<Verdict, { readonly allowed: false }>;

/** Says that a limit is reached, to the log too when it just was. */
async function refusal(db: Db, { actor, action }: Asked, what: string, verdict: Refused): Promise<Problem> {
  const problem = tooMany(what, verdict);
  if (verdict.isFirst) {
    const detail = `${problem.message}; those that follow are not in the log`;
    await record(db, actor, [{ action, outcome: problem.code, detail }]);
  }
  return problem;
}

function tooMany(what: string, { retryAfter }: Refused): Problem {
  const when = retryAfter === 1 ? "a second" : `${retryAfter} seconds`;
  return new Problem(
    "too-many-requests",
    `${what}; wait ${when} and try again, or ask who runs the server for a higher limit`,
    { retryAfter },
  );
}
