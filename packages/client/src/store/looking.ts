import type { Keyring } from "../keyring/keyring.ts";
import type { Person } from "../person.ts";
import { copyOf, type StateDatabase } from "../state/database.ts";
import { Objects } from "../state/objects.ts";
import { Pins } from "../state/pins.ts";
import { Lookup } from "./reading/lookup.ts";
import { Reader, type ReaderParts } from "./reading/reader.ts";
import { Trust } from "./trust/trust.ts";

/**
 * What it takes to look at objects without a trace: all is verified as ever, but the keys that are seen first are pinned, and
 * what was verified with them is remembered, in a copy of the state that nobody keeps. Strict trust would refuse what is
 * only looked at.
 */
export function looking(
  parts: Omit<ReaderParts, "objects" | "trust" | "lookup">,
  state: StateDatabase,
): ReaderParts & { readonly reader: Reader } {
  const { api, keyring, store, user } = parts;
  const copy = copyOf(state);
  const person = silent(parts.person);
  const objects = new Objects(copy, store);
  const trust = trustIn(new Pins(copy, store), { keyring, person, user });
  const own = { ...parts, person, objects, trust, lookup: new Lookup({ api, objects, keyring, user }) };
  return { ...own, reader: new Reader(own) };
}

function trustIn(pins: Pins, parts: { keyring: Keyring; person: Person; user: string }): Trust {
  return new Trust({ ...parts, pins, isStrict: false });
}

/** Nobody is told of keys that are pinned, since none is. */
function silent(person: Person): Person {
  return {
    isPresent: false,
    notice() {},
    warn() {},
    show() {},
    detail() {},
    confirm: async () => false,
    progress: (...about) => person.progress(...about),
  };
}
