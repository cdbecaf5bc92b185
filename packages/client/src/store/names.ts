import { parseManifest } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Api } from "../http/api.ts";
import type { NameLists } from "../state/name-lists.ts";
import type { Lookup } from "./reading/lookup.ts";

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

  /** The user's machines: all, or where those are many, the ones whose name contains a text. */
  machines(text: string): Promise<readonly string[]> {
    return this.#answer(["machines", `machines with ${text}`], async () => {
      const { objects, next } = await this.#api.objects({ q: "" });
      const isAll = next === null || text === "";
      const rows = next === null ? objects : await this.#lookup.list(text, false);
      return [[isAll ? "machines" : `machines with ${text}`, rows.map((row) => row.name)]];
    });
  }

  /** The store's users, likewise. */
  users(text: string): Promise<readonly string[]> {
    return this.#answer(["users", `users with ${text}`], async () => {
      const { names } = await this.#api.userNames("");
      if (names.length < mostUsers || text === "") return [["users", names]];
      return [[`users with ${text}`, (await this.#api.userNames(text)).names]];
    });
  }

  properties(machine: string): Promise<readonly string[]> {
    return this.#answer([`properties of ${machine}`], () => this.#machine(machine));
  }

  members(machine: string): Promise<readonly string[]> {
    return this.#answer([`members of ${machine}`], () => this.#machine(machine));
  }

  async #machine(machine: string): Promise<readonly Answer[]> {
    const manifest = parseManifest((await this.#api.object(machine, {})).revision.manifest);
    return [
      [`properties of ${machine}`, [...manifest.properties.keys()].sort()],
      [`members of ${machine}`, [...manifest.members.keys()].sort()],
    ];
  }

  /**
   * What is kept where it is fresh, else what the store answers in time, else what is kept, however old.
   * @param questions any of them will do, the first one best
   */
  async #answer(
    questions: readonly string[],
    ask: () => Promise<readonly Answer[]>,
  ): Promise<readonly string[]> {
    const asked = Date.now();
    const kept = questions.map((question) => this.#lists.read(question)).filter((list) => list !== null);
    const fresh = kept.find((list) => Math.abs(asked - list.asked) < freshness);
    if (fresh !== undefined) return fresh.names;
    try {
      const answers = (await inTime(ask())).map(([question, names]) => [question, { names, asked }] as const);
      this.#lists.write(new Map(answers));
      return answers.find(([question]) => questions.includes(question))?.[1].names ?? [];
    } catch (error) {
      this.#explain(error);
      return kept[0]?.names ?? [];
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
