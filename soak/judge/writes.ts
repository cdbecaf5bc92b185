// Whether what is stored is what clients were told: each acknowledged write once, no refused one, nothing else.
import { measure } from "@pstore/core/digest";
import type { Property } from "@pstore/core/manifest";
import { placeText, type Write } from "../journal.ts";
import { placeOf } from "./chains.ts";
import type { Histories, Stored } from "./history.ts";
import { type Opened, openedName } from "./opened.ts";

/** A write as it was stored at one machine. */
export interface StoredWrite {
  readonly write: Write;
  readonly machine: string;
  readonly revision: number;
}

export interface Comparison {
  readonly stored: readonly StoredWrite[];
  /** What is wrong, a sentence each. */
  readonly faults: readonly string[];
}

/** A value that a revision sealed. */
interface Sealed {
  readonly at: Stored;
  readonly property: string;
  readonly entry: Property;
}

/** Finds each write in the histories. */
export function compareWrites(writes: readonly Write[], histories: Histories, opened: Opened): Comparison {
  const faults: string[] = [];
  const stored: StoredWrite[] = [];
  const waiting = new Waiting(writes, opened);
  for (const revisions of histories.values()) {
    for (const [index, at] of revisions.entries()) {
      for (const sealed of sealedBy(at, revisions[index - 1], faults)) {
        const write = waiting.take(sealed);
        const { object, revision } = at.manifest;
        if (write !== null) stored.push({ write, machine: object.name, revision });
        // The machines that were there from the start were made by nobody's write.
        else if (revision > 1)
          faults.push(
            `${placeOf(at)} has a '${sealed.property}' that nobody wrote, or that was stored before`,
          );
      }
    }
  }
  return { stored, faults: [...faults, ...waiting.faults(), ...faultsOfOrder(stored)] };
}

/** What a revision sealed: one value. All else must have stayed as it was, which the chain has shown but for what is gone. */
function sealedBy(at: Stored, before: Stored | undefined, faults: string[]): readonly Sealed[] {
  const { properties, revision } = at.manifest;
  for (const name of before?.manifest.properties.keys() ?? [])
    if (!properties.has(name)) faults.push(`${placeOf(at)} has lost '${name}'`);
  const sealed = [...properties].filter(([, entry]) => entry.revision === revision);
  if (sealed.length !== 1) faults.push(`${placeOf(at)} sealed ${sealed.length} values, and not one`);
  return sealed.map(([property, entry]) => ({ at, property, entry }));
}

/** The writes that were not found yet. */
class Waiting {
  readonly #opened: Opened;
  /** By author, machine, property and value. */
  readonly #writes = new Map<string, Write>();

  constructor(writes: readonly Write[], opened: Opened) {
    this.#opened = opened;
    for (const write of writes) {
      const { user, property, kind } = write;
      const value = kind === "public" ? measure(Buffer.from(write.value)).digest : write.value;
      for (const machine of write.machines)
        this.#writes.set(`${user} ${placeText({ machine, property })} ${kind} ${value}`, write);
    }
  }

  /** The write that a revision stored, which is then found; `null`: there is none that was not found yet. */
  take({ at, property, entry }: Sealed): Write | null {
    const { object, author } = at.manifest;
    const value = entry.kind === "public" ? entry.digest : this.#opened.get(openedName(at, property));
    const name = `${author.user} ${placeText({ machine: object.name, property })} ${entry.kind} ${value}`;
    const write = this.#writes.get(name);
    this.#writes.delete(name);
    return write === undefined || write.outcome === "refused" ? null : write;
  }

  /** Whatever was acknowledged must have been found. */
  faults(): readonly string[] {
    return [...this.#writes.values()]
      .filter(({ outcome }) => outcome === "acknowledged")
      .map(
        ({ user, number, machines, property }) =>
          `${user}'s write ${number}, of '${property}' of ${machines.join(", ")}, was acknowledged and is not stored`,
      );
  }
}

/** Each user writes one after the other: so they must stand in the history. */
function faultsOfOrder(stored: readonly StoredWrite[]): readonly string[] {
  const byUser = Map.groupBy(stored, ({ write, machine }) => `${write.user} at '${machine}'`);
  return [...byUser].flatMap(([who, its]) =>
    its
      .filter(({ write }, at) => write.number < (its[at - 1]?.write.number ?? 0))
      .map(
        ({ write, revision }) =>
          `write ${write.number} of ${who} is revision ${revision}, behind a later one`,
      ),
  );
}
