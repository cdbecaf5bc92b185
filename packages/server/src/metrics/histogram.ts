import type { Described, Family, Labels } from "./family.ts";

interface Observations {
  readonly labels: Labels;
  /** How many were up to each bound, and not up to the one before; the last: over all of them. */
  readonly counts: number[];
  sum: number;
}

/** How often values were up to some bounds, for each set of labels that was met. */
export class Histogram implements Family {
  readonly type = "histogram";
  readonly name: string;
  readonly help: string;
  readonly #bounds: readonly number[];
  readonly #observed = new Map<string, Observations>();

  /** @param bounds in ascending order */
  constructor({ name, help }: Described, bounds: readonly number[]) {
    this.name = name;
    this.help = help;
    this.#bounds = [...bounds, Number.POSITIVE_INFINITY];
  }

  observe(labels: Labels, value: number): void {
    const key = JSON.stringify(labels);
    let observed = this.#observed.get(key);
    if (observed === undefined) {
      observed = { labels, counts: this.#bounds.map(() => 0), sum: 0 };
      this.#observed.set(key, observed);
    }
    const at = this.#bounds.findIndex((bound) => value <= bound);
    observed.counts[at] = (observed.counts[at] ?? 0) + 1;
    observed.sum += value;
  }

  async samples() {
    return [...this.#observed.values()].flatMap(({ labels, counts, sum }) => {
      let count = 0;
      const buckets = this.#bounds.map((bound, at) => {
        count += counts[at] ?? 0;
        const le = bound === Number.POSITIVE_INFINITY ? "+Inf" : String(bound);
        return { suffix: "_bucket", labels: { ...labels, le }, value: count };
      });
      return [...buckets, { suffix: "_sum", labels, value: sum }, { suffix: "_count", labels, value: count }];
    });
  }
}
