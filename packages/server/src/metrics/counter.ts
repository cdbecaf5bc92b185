import type { Described, Family, Labels, Sample } from "./family.ts";

/** A number for each set of labels that was met. Whoever adds sees to it that there are not too many. */
export class Counter implements Family {
  readonly type = "counter";
  readonly name: string;
  readonly help: string;
  readonly #samples = new Map<string, { readonly labels: Labels; value: number }>();

  constructor({ name, help }: Described) {
    this.name = name;
    this.help = help;
  }

  add(labels: Labels, value = 1): void {
    const key = JSON.stringify(labels);
    const sample = this.#samples.get(key);
    if (sample === undefined) this.#samples.set(key, { labels, value });
    else sample.value += value;
  }

  async samples(): Promise<readonly Sample[]> {
    return [...this.#samples.values()];
  }
}
