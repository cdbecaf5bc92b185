import type { Location } from "../location.ts";
import type { EngineName } from "../store-database.ts";
import type { Engine } from "./engine.ts";
import { sqlite } from "./sqlite/open.ts";

/** The engine of a name. Those of servers are loaded only where they are used. */
export async function engineOf(name: EngineName): Promise<Engine<Location>> {
  if (name === "sqlite") return sqlite as Engine<Location>;
  if (name === "postgres") return (await import("./postgres/open.ts")).postgres as Engine<Location>;
  return (await import("./mysql/open.ts")).mysql as Engine<Location>;
}
