import { Problem } from "@pstore/core/problem";
import { checkVersion } from "../database/migrate.ts";
import type { Db } from "../database/open.ts";
import { changeNothing } from "../repositories/writable.ts";
import { Remembered } from "./remembered.ts";

/** Whoever asks without end costs no more than whoever asks so often, in milliseconds. */
const freshness = 1000;
/** The database has so many milliseconds to answer. */
const patience = 2000;

interface Finding {
  /** In a sentence that anybody may read; `null`: it is ready. */
  readonly why: string | null;
  /** What only whoever runs the server may read. */
  readonly detail: string;
}

const isReady: Finding = { why: null, detail: "" };
const tooSlow: Finding = {
  why: `the database does not answer within ${patience / 1000} seconds`,
  detail: "",
};

/** Whether this server can serve its store now: the database is there, of this version, and can be written to. */
export class Readiness {
  readonly #log: (severity: "error" | "notice", text: string) => void;
  readonly #finding: Remembered<Finding>;
  #isStopping = false;
  #told: string | null = null;

  /** @param log is told when it changes, as far as somebody asks */
  constructor(db: Db, log: (severity: "error" | "notice", text: string) => void) {
    this.#log = log;
    this.#finding = new Remembered(() => look(db), { freshness, patience, otherwise: tooSlow });
  }

  /** From now on it is not ready, whatever the database says. */
  stop(): void {
    this.#isStopping = true;
  }

  /** @returns a sentence that anybody may read; `null` when it is ready */
  async whyNot(): Promise<string | null> {
    if (this.#isStopping) return "the server is stopping";
    const { why, detail } = await this.#finding.read();
    if (why !== this.#told) {
      this.#told = why;
      if (why === null) this.#log("notice", "the server is ready again");
      else this.#log("error", `the server is not ready: ${why}${detail === "" ? "" : ` (${detail})`}`);
    }
    return why;
  }
}

async function look(db: Db): Promise<Finding> {
  try {
    await checkVersion(db, "of this server");
    await changeNothing(db);
    return isReady;
  } catch (error) {
    const why =
      error instanceof Problem
        ? "the database is not that of a store of this version of pstore-server"
        : "the database cannot be reached, or not be written to";
    return { why, detail: error instanceof Error ? error.message : String(error) };
  }
}
