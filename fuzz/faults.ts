// What was found to be wrong, each with the input that shows it.

export interface Fault {
  readonly part: string;
  readonly index: number;
  readonly what: string;
  /** As a person reads it. */
  readonly input: unknown;
}

/** Of one kind, so many are shown; all are counted. */
const shownOfAKind = 3;

export class Faults {
  readonly #kinds = new Map<string, { count: number; shown: Fault[] }>();

  add(fault: Fault): void {
    // Two inputs of one fault differ in ids, numbers and what they quote.
    const kind = `${fault.part} ${fault.what.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|\d+|'[^']*'|".*"/g, "…").slice(0, 160)}`;
    const known = this.#kinds.get(kind) ?? { count: 0, shown: [] };
    known.count++;
    if (known.shown.length < shownOfAKind) known.shown.push(fault);
    this.#kinds.set(kind, known);
  }

  get count(): number {
    return [...this.#kinds.values()].reduce((sum, { count }) => sum + count, 0);
  }

  print(seed: number): void {
    for (const { count, shown } of this.#kinds.values()) {
      for (const { part, index, what, input } of shown) {
        console.log(`\nFAULT (${count} of this kind) in ${part}, input ${index}: ${what.slice(0, 2000)}`);
        console.log(JSON.stringify(input).slice(0, 6000));
        if (index >= 0)
          console.log(`Again: npm run fuzz -- --seed ${seed} --only ${part} --from ${index} --count 1`);
      }
    }
  }
}
