import type { Repeating, RepeatTimes } from "./http/repeats.ts";
import type { Person } from "./person.ts";

/** In milliseconds. A server is started anew within seconds; a wrong URL should be told before it looks like a hang. */
const usual: RepeatTimes = { nobody: 3000, away: 10_000, named: 60_000 };

/**
 * How a command repeats requests that are not answered, and what it says of that.
 * @param patience for how many seconds it does; `null`: as usual, 0: not at all
 */
export function repeatingFor(person: Person, patience: number | null): Repeating | null {
  if (patience === 0) return null;
  const all = (patience ?? 0) * 1000;
  return {
    times: patience === null ? usual : { nobody: all, away: all, named: all },
    onRepeat({ what, count, pause }) {
      person.detail(`NOTICE: ${what}; repeat ${count} follows in ${seconds(pause, 1)} s`);
    },
    onLong({ what, longest }) {
      // Nobody else would take the wait for a hang.
      if (person.isPresent)
        person.notice(`${what}; trying again for ${seconds(longest, 0)} s, Ctrl-C ends it`);
    },
  };
}

function seconds(milliseconds: number, digits: number): string {
  return (milliseconds / 1000).toFixed(digits);
}
