import type { Person } from "../person.ts";
import { quoted } from "../store/named.ts";

/** A machine that something leaves out, and why: a sentence. */
interface LeftOut {
  readonly machine: string;
  readonly why: string;
}

/** Says what is left out: once for all machines with the same reason. */
export function sayLeftOut(person: Person, all: readonly LeftOut[], are = "left out"): void {
  for (const [why, some] of Map.groupBy(all, reasonOf)) {
    const [first] = some;
    const verb = some.length === 1 ? "is" : "are";
    const machines = some.map(({ machine }) => machine);
    person.warn(`${quoted(machines)} ${verb} ${are}: ${some.length === 1 ? (first?.why ?? "") : why}`);
  }
}

/** Some sentences begin with the machine: of several, the same holds of each. */
function reasonOf({ machine, why }: LeftOut): string {
  const itself = `'${machine}' `;
  return why.startsWith(itself) ? `each ${why.slice(itself.length)}` : why;
}
