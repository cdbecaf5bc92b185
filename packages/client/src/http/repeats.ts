import { setTimeout as sleep } from "node:timers/promises";
import { Problem } from "@pstore/core/problem";
import type { Failure } from "./failure.ts";

/** For how long a request is repeated, in milliseconds from when it failed first. */
export interface RepeatTimes {
  /** Where nobody has answered yet: the URL may be wrong. */
  readonly nobody: number;
  /** Where a server has answered before, or something in front of it says that it is away: it is being started anew. */
  readonly away: number;
  /** Where the server says after how many seconds it may be asked again. */
  readonly named: number;
}

/** A request is about to be repeated. */
export interface Repeat {
  /** What went wrong. */
  readonly what: string;
  /** Which repeat it is: 1, 2, … */
  readonly count: number;
  /** How long is waited before it, in milliseconds. */
  readonly pause: number;
  /** After how many milliseconds, from when it failed first, it is given up. */
  readonly longest: number;
}

/** How requests are repeated, and who is told. */
export interface Repeating {
  readonly times: RepeatTimes;
  /** Told of each repeat before its pause. */
  onRepeat(repeat: Repeat): void;
  /** Told once that a request waits for over a second. */
  onLong(repeat: Repeat): void;
}

/** Pauses, in milliseconds: each is twice as long as the one before, by a random part shorter, so that clients do not march in step. */
const pauses = { first: 100, longest: 500, random: 0.5 };
/** After how long somebody is told that a request waits, in milliseconds. */
const long = 1000;

/** The repeats of one request. */
export class Repeats {
  readonly #repeating: Repeating;
  readonly #start = performance.now();
  #count = 0;
  #next = pauses.first;
  #isTold = false;
  #inDoubt = false;

  constructor(repeating: Repeating) {
    this.#repeating = repeating;
  }

  /**
   * Waits until the request may be repeated.
   * @param hasAnswered whether a server has answered this command before
   * @throws Problem when it is to be given up: `too-many-requests` only if the server has carried it out for sure not
   */
  async wait(failure: Failure, hasAnswered: boolean): Promise<void> {
    this.#inDoubt ||= failure.code === "unavailable";
    const { times } = this.#repeating;
    const { retryAfter, again } = failure;
    if (again !== "nobody" && again !== "away") throw this.#givenUp(failure);
    const longest =
      retryAfter !== null ? times.named : again === "away" || hasAnswered ? times.away : times.nobody;
    const left = longest - (performance.now() - this.#start);
    const asked = (retryAfter ?? 0) * 1000;
    if (retryAfter !== null && asked > left) throw this.#givenUp(failure, longest);
    if (left <= 0) throw this.#givenUp(failure);
    const backoff = this.#next * (1 - pauses.random * Math.random());
    this.#next = Math.min(pauses.longest, this.#next * 2);
    // Whoever was told a time comes then, but not all at the same moment.
    const pause = Math.max(asked, Math.min(left, asked + backoff));
    this.#count++;
    await this.#pause({ what: failure.what, count: this.#count, pause, longest });
  }

  async #pause(repeat: Repeat): Promise<void> {
    const { pause } = repeat;
    this.#repeating.onRepeat(repeat);
    const untilLong = Math.max(0, long - (performance.now() - this.#start));
    if (this.#isTold || pause <= untilLong) return await sleep(pause);
    await sleep(untilLong);
    this.#isTold = true;
    this.#repeating.onLong(repeat);
    await sleep(pause - untilLong);
  }

  /** @param longest how long is waited at most, in milliseconds, where the server asks for more */
  #givenUp(failure: Failure, longest: number | null = null): Problem {
    const { what, remedy, code, retryAfter, cause } = failure;
    const tried = this.#count === 0 ? what : `${what}, also when repeated for ${this.#seconds()}`;
    const later =
      longest === null
        ? remedy
        : `it asks to be left alone for ${retryAfter} s, and pstore waits for ${longest / 1000} s in all; try again then, or give --patience`;
    return new Problem(this.#inDoubt ? "unavailable" : code, later === null ? tried : `${tried}; ${later}`, {
      cause,
      ...(retryAfter === null ? {} : { retryAfter }),
    });
  }

  #seconds(): string {
    return `${Math.max(1, Math.round((performance.now() - this.#start) / 1000))} s`;
  }
}
