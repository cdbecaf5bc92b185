import { parseManifest } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Api } from "../http/api.ts";
import type { NameList, NameLists } from "../state/name-lists.ts";
import type { Lookup } from "./lookup.ts";

/** For so long, a list is taken as it was: in milliseconds. */
const freshness = 60_000;
/** How many user names the server gives at once. */
const mostUsers = 1000;
/** For so long, a key pressed in the middle of a line may wait, in milliseconds. */
const patience = 2000;

/**
 * Names for completion. Nothing of them is verified and nothing is learned from them: what is completed is a word that
 * the person reads before they press Enter.
 */
export class Names {
  readonly #api: Api;
  readonly #lookup: Lookup;
  readonly #lists: NameLists;
  readonly #explain: (error: unknown) => void;

  /** @param explain is told why the store was not asked, or did not answer */
  constructor(parts: { api: Api; lookup: Lookup; lists: NameLists; explain: (error: unknown) => void }) {
    this.#api = parts.api;
    this.#lookup = parts.lookup;
    this.#lists = parts.lists;
    this.#explain = parts.explain;
  }

  /** The user's machines. */
  machines(): Promise<readonly string[]> {
    return this.#answer("machines", async () => {
      const rows = await this.#lookup.list("", false);
      return [["machines", rows.map((row) => row.name)]];
    });
  }

  /** The store's users: all, or where those are more than one answer holds, the ones whose name contains a text. */
  async users(text: string): Promise<readonly string[]> {
    const all = await this.#users("");
    return all.length < mostUsers || text === "" ? all : this.#users(text);
  }

  properties(machine: string): Promise<readonly string[]> {
    return this.#answer(`properties of ${machine}`, () => this.#machine(machine));
  }

  members(machine: string): Promise<readonly string[]> {
    return this.#answer(`members of ${machine}`, () => this.#machine(machine));
  }

  #users(text: string): Promise<readonly string[]> {
    const question = `users ${text}`;
    return this.#answer(question, async () => [[question, (await this.#api.userNames(text)).names]]);
  }

  async #machine(machine: string): Promise<readonly Answer[]> {
    const manifest = parseManifest((await this.#api.object(machine, {})).revision.manifest);
    return [
      [`properties of ${machine}`, [...manifest.properties.keys()].sort()],
      [`members of ${machine}`, [...manifest.members.keys()].sort()],
    ];
  }

  /** What is kept where it is fresh, else what the store answers in time, else what is kept, however old. */
  async #answer(question: string, ask: () => Promise<readonly Answer[]>): Promise<readonly string[]> {
    const kept = this.#lists.read(question);
    const now = Date.now();
    if (kept !== null && Math.abs(now - kept.asked) < freshness) return kept.names;
    try {
      const answers = new Map(await inTime(ask()));
      this.#lists.write(
        new Map([...answers].map(([one, names]): [string, NameList] => [one, { names, asked: now }])),
      );
      return answers.get(question) ?? [];
    } catch (error) {
      this.#explain(error);
      return kept?.names ?? [];
    }
  }
}

type Answer = readonly [question: string, names: readonly string[]];

async function inTime<T>(answer: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () =>
      late.reject(new Problem("unavailable", `the store gave no names within ${patience / 1000} seconds`)),
    patience,
  );
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
