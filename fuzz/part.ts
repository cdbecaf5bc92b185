import type { Faults } from "./faults.ts";

/** A kind of inputs. */
export interface Part {
  readonly name: string;
  /** How many are under way at once. */
  readonly atOnce: number;
  /** Makes an input, gives it to what it is for, and says what is wrong. Whatever it throws is wrong, too. */
  run(index: number, worker: number): Promise<void>;
  /** Looks once more at what may have been slow because the machine was. */
  end?(): Promise<void>;
}

/** Runs the inputs `from` to `to`, the last one not among them. */
export async function runPart(part: Part, faults: Faults, from: number, to: number): Promise<void> {
  let next = from;
  const work = async (_: unknown, worker: number) => {
    while (next < to) {
      const index = next++;
      try {
        await part.run(index, worker);
      } catch (error) {
        faults.add({ part: part.name, index, what: textOf(error), input: null });
      }
    }
  };
  await Promise.all(Array.from({ length: part.atOnce }, work));
  await part.end?.();
}

export function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
