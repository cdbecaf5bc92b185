import { Problem } from "@pstore/core/problem";

/** How slow a client may be, in what it sends and in what it takes: whoever is slower is dropped. */
export interface Pace {
  /** In bytes a second. */
  readonly minRate: number;
  /** Over so long, in milliseconds: a line may stall for a while. */
  readonly within: number;
}

/** Over how long a client's speed is measured, in milliseconds. */
export const paceTime = 30_000;

/** How long a program whose output is stored may have nothing to say, in milliseconds: less than a proxy waits for it. */
const longestSilence = 240_000;

/**
 * For the values of those who have signed in, of whom each has few at a time: they come as some program makes them, which
 * may think for a while.
 */
export function paceOfProducers(pace: Pace): Pace {
  const within = Math.max(pace.within, (longestSilence / paceTime) * pace.within);
  return { minRate: 1000 / within, within };
}

/** Measures how fast a client sends; only the time counts in which somebody waits for it. */
export class Patience {
  readonly #pace: Pace;
  #waited = 0;
  #bytes = 0;

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  /**
   * Waits for what comes next.
   * @throws Problem `too-slow`; and what the read itself throws
   */
  async wait<T extends { readonly value?: Uint8Array | undefined }>(read: Promise<T>): Promise<T> {
    const { minRate, within } = this.#pace;
    for (;;) {
      const start = performance.now();
      const result = await inTime(read, within - this.#waited);
      this.#waited += performance.now() - start;
      if (result !== late) {
        this.#bytes += result.value?.length ?? 0;
        return result;
      }
      if (this.#bytes < (minRate * within) / 1000) {
        throw new Problem(
          "too-slow",
          `the request's body comes too slowly: ${
            minRate < 1 ? `nothing in ${Math.round(within / 1000)} s` : `less than ${minRate} bytes a second`
          }; try again over a better line, or ask who runs the server for a lower --min-rate`,
        );
      }
      this.#waited = 0;
      this.#bytes = 0;
    }
  }
}

const late = Symbol("late");

async function inTime<T>(promise: Promise<T>, milliseconds: number): Promise<T | typeof late> {
  const over = Promise.withResolvers<typeof late>();
  const timer = setTimeout(() => over.resolve(late), milliseconds);
  try {
    return await Promise.race([promise, over.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** How long a client may take for so many bytes, in milliseconds. */
export function timeFor(size: number, { minRate, within }: Pace): number {
  return within + (size / minRate) * 1000;
}
