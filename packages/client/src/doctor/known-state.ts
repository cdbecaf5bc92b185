import { existsSync } from "node:fs";
import { join } from "node:path";
import { copyOfState, fileName, type StateDatabase, stateInMemory } from "../state/database.ts";
import { stateFolder } from "../state/folders.ts";
import type { Environment } from "./program.ts";

/** The state folder and what is in it. Nothing of it is changed, and where there is none, none is made. */
export class KnownState {
  /** `null` where it is not known. */
  readonly folder: string | null;
  /** Empty where nothing is remembered, or what is cannot be read. */
  readonly state: StateDatabase;
  /** Why it cannot be read. */
  readonly problem: unknown = null;

  constructor(env: Environment) {
    this.folder = null;
    let state: StateDatabase | null = null;
    try {
      this.folder = stateFolder(env);
      if (existsSync(join(this.folder, fileName))) state = copyOfState(this.folder);
    } catch (error) {
      this.problem = error;
    }
    this.state = state ?? stateInMemory();
  }
}
