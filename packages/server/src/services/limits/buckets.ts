/** What a limit says to one more. */
export type Verdict =
  | { readonly allowed: true }
  | {
      readonly allowed: false;
      /** After how many seconds one more is allowed. */
      readonly retryAfter: number;
      /** Whether this is the first that is refused for a while: so that it is told once, and not each time. */
      readonly isFirst: boolean;
    };

interface Bucket {
  /** How much is in it. */
  level: number;
  /** When that was. */
  at: number;
  /** All that was ever counted here, in this process. */
  total: number;
  /** The limit was reached, and what is in it has not become half of that since. */
  isOver: boolean;
}

/** So many sources are remembered, at most: an attacker may have any number of addresses. */
const mostSources = 50_000;
const minute = 60_000;

/**
 * A limit of so many a minute for each source, as buckets with a hole: each request adds to the bucket of its source,
 * which may hold as much as the limit, and runs dry within a minute. So nobody is slowed down by having done much at
 * once after having done little. A refused one adds nothing: whoever only tries again and again gets their share.
 */
export class Buckets {
  /** How many a minute; 0: as many as one likes. */
  readonly #most: number;
  /** Milliseconds of a clock that nobody sets. */
  readonly #clock: () => number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(perMinute: number, clock: () => number = () => performance.now()) {
    this.#most = perMinute;
    this.#clock = clock;
  }

  /** Counts one, unless it is refused. */
  count(source: string): Verdict {
    if (this.#most === 0) return { allowed: true };
    const bucket = this.#bucket(source);
    const verdict = this.#judge(bucket);
    if (verdict.allowed) {
      bucket.level++;
      bucket.total++;
    }
    return verdict;
  }

  /** Whether one more would be refused; nothing is counted. */
  look(source: string): Verdict {
    const bucket = this.#buckets.get(source);
    if (this.#most === 0 || bucket === undefined) return { allowed: true };
    this.#drain(bucket);
    return this.#judge(bucket);
  }

  /** Counts what others counted. It makes nobody wait for longer than half a minute: clients have no patience for much more. */
  learn(source: string, count: number): void {
    if (this.#most === 0) return;
    const bucket = this.#bucket(source);
    bucket.level = Math.max(bucket.level, Math.min(bucket.level + count, 1.5 * this.#most));
  }

  /**
   * The sources that have used up a tenth of the limit or more, the busiest first, each with all that was ever counted
   * of it here.
   */
  busy(): [source: string, total: number][] {
    const found: [string, Bucket][] = [];
    for (const [source, bucket] of this.#buckets) {
      this.#drain(bucket);
      if (bucket.level >= this.#most / 10) found.push([source, bucket]);
      // What has run dry says no more than what was never there.
      else if (bucket.level === 0) this.#buckets.delete(source);
    }
    found.sort(([, a], [, b]) => b.level - a.level);
    return found.map(([source, { total }]) => [source, total]);
  }

  #bucket(source: string): Bucket {
    const known = this.#buckets.get(source);
    if (known !== undefined) {
      this.#drain(known);
      return known;
    }
    if (this.#buckets.size >= mostSources) this.#forgetHalf();
    const bucket = { level: 0, at: this.#clock(), total: 0, isOver: false };
    this.#buckets.set(source, bucket);
    return bucket;
  }

  /** The half that was there first. It is done at once, since the first of a map takes the longer to find the more were deleted. */
  #forgetHalf(): void {
    let left = mostSources / 2;
    for (const source of this.#buckets.keys()) {
      if (left-- === 0) return;
      this.#buckets.delete(source);
    }
  }

  #drain(bucket: Bucket): void {
    const now = this.#clock();
    bucket.level = Math.max(0, bucket.level - ((now - bucket.at) * this.#most) / minute);
    bucket.at = now;
    if (bucket.level < this.#most / 2) bucket.isOver = false;
  }

  #judge(bucket: Bucket): Verdict {
    const tooMuch = bucket.level + 1 - this.#most;
    // What has not run dry by a millionth is a matter of how numbers are rounded.
    if (tooMuch < 1e-6) return { allowed: true };
    const isFirst = !bucket.isOver;
    bucket.isOver = true;
    return { allowed: false, retryAfter: Math.ceil((tooMuch * 60) / this.#most), isFirst };
  }
}
