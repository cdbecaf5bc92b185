// What clients have asked for, and how it ended.

/**
 * What a client was told of a write:
 * - `acknowledged`: it is stored, once;
 * - `refused`: nothing of it is stored, and nothing will be;
 * - `unknown`: neither; it is stored once, or not at all.
 */
export type Outcome = "acknowledged" | "refused" | "unknown";

/** A write of one value, to one machine or to several in one commit. */
export interface Write {
  readonly user: string;
  /** Counts the writes of a user, from 1 on. */
  readonly number: number;
  readonly machines: readonly string[];
  readonly property: string;
  readonly kind: "public" | "encrypted";
  /** No other write has it. */
  readonly value: string;
  readonly outcome: Outcome;
  /** When it was answered, in milliseconds. */
  readonly ended: number;
}

export interface Read {
  readonly user: string;
  readonly machine: string;
  readonly property: string;
  readonly kind: Write["kind"];
  readonly value: string;
  /** When it was asked for, in milliseconds. */
  readonly began: number;
}

export interface Command {
  /** What it was for, for the report. */
  readonly what: string;
  readonly milliseconds: number;
  /** The lines that it wrote to standard error. */
  readonly said: readonly string[];
  readonly failed: boolean;
}

/** What can be read: something was acknowledged there. */
export interface Place {
  readonly machine: string;
  readonly property: string;
  readonly kind: Write["kind"];
}

export class Journal {
  readonly writes: Write[] = [];
  readonly reads: Read[] = [];
  readonly commands: Command[] = [];
  readonly #places = new Map<string, Place>();

  wrote(write: Write): void {
    this.writes.push(write);
    if (write.outcome !== "acknowledged") return;
    const { property, kind } = write;
    for (const machine of write.machines)
      this.#places.set(placeText({ machine, property }), { machine, property, kind });
  }

  /** Where there is something to be read, in the order in which it first was. */
  get places(): readonly Place[] {
    return [...this.#places.values()];
  }
}

export function placeText({ machine, property }: Omit<Place, "kind">): string {
  return `${machine} ${property}`;
}
