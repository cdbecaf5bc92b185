import { Problem } from "@pstore/core/problem";
import { getStore } from "../http/api.ts";
import type { Transport } from "../http/transport.ts";
import type { Person } from "../person.ts";
import type { Urls } from "../state/urls.ts";

/**
 * Which store is spoken to. Pins belong to a store's id, and each URL's id is pinned: so nobody who takes over a name
 * can put another store in its place.
 */
export class Identity {
  readonly #urls: Urls;
  readonly #given: readonly string[];
  readonly #person: Person;
  #store: string | null;

  /** @param given the URLs of this command, all of one store */
  constructor(urls: Urls, given: readonly string[], person: Person) {
    this.#urls = urls;
    this.#given = given;
    this.#person = person;
    const known = new Set(given.map((url) => urls.storeOf(url)).filter((store) => store !== null));
    if (known.size > 1) {
      throw new Problem(
        "usage",
        `the URLs ${given.join(" and ")} are different stores; give those of one store`,
      );
    }
    [this.#store = null] = known;
  }

  /** The id of the store, as far as it is known without asking. */
  get known(): string | null {
    return this.#store;
  }

  /** The id of the store, asked for where it is not known. */
  async learn(transport: Transport): Promise<string> {
    return this.#store ?? (await getStore(transport)).id;
  }

  /**
   * Lets a URL be used, once it is known to be this store.
   * @throws Problem `untrusted-server` when it is another store, or pretends to be one that is known elsewhere
   */
  async admit(url: string, only: Transport): Promise<void> {
    if (this.#urls.storeOf(url) !== null) return;
    const { id } = await getStore(only);
    // Another command, at the same time, may have come to know the URL while this one asked.
    const pinned = this.#urls.storeOf(url);
    const expected = this.#store ?? pinned;
    if (expected !== null && id !== expected) {
      throw new Problem(
        "untrusted-server",
        `${url} is another store than ${this.#given[0]}; remove one of them from --store-url`,
      );
    }
    if (pinned !== id) {
      await this.#confirmSecondUrl(url, id);
      this.#urls.pin(url, id);
      this.#person.notice(`first use of ${url}, which is now pinned as the store ${id}`);
    }
    this.#store = id;
  }

  async #confirmSecondUrl(url: string, id: string): Promise<void> {
    const others = this.#urls.of(id);
    // Another command may have pinned this very URL since it was looked up.
    if (others.length === 0 || others.includes(url)) return;
    const given = others.filter((other) => this.#given.includes(other));
    if (given.length === 0) {
      throw new Problem(
        "untrusted-server",
        `${url} claims to be the store that this client knows as ${others[0]}; if it is, give both as --store-url once`,
      );
    }
    if (await this.#person.confirm(`Use ${url} as the same store as ${given[0]}?`)) return;
    throw new Problem(
      "untrusted-server",
      `${url} was not confirmed as the same store as ${given[0]}; nothing was done`,
    );
  }
}
