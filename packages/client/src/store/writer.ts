import type { Grant, Property } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { PendingCommits } from "../state/pending.ts";
import type { Pins } from "../state/pins.ts";
import type { Change, Seal } from "./change.ts";
import { Changer } from "./changer.ts";
import { MemberPlanner } from "./members.ts";
import type { Reader, ReaderParts } from "./reader.ts";
import { Restorer } from "./restoring.ts";
import { type SealedValue, sealValue } from "./seal.ts";

export interface WriterParts extends ReaderParts {
  readonly pins: Pins;
  readonly pending: PendingCommits;
  readonly reader: Reader;
}

/** Creates and changes objects. */
export class Writer {
  readonly #parts: WriterParts;
  readonly #changer: Changer;

  constructor(parts: WriterParts) {
    this.#parts = parts;
    const restorer = new Restorer({ ...parts, opener: parts.reader.opener });
    this.#changer = new Changer({
      ...parts,
      planner: new MemberPlanner(parts),
      opener: parts.reader.opener,
      restored: (base, restore) => restorer.restored(base, restore),
    });
  }

  /** Makes a new object, of this user and those allowed. */
  async create(name: string, allow: readonly Grant[], seal: Seal): Promise<void> {
    const { api, user } = this.#parts;
    const [{ users }] = await Promise.all([
      api.users([user, ...allow.map((grant) => grant.user)]),
      this.#refuseExisting(name),
    ]);
    await this.#changer.create(name, allow, users, seal);
  }

  async #refuseExisting(name: string): Promise<void> {
    const { api, person, reader } = this.#parts;
    const found = await api.object(name, {}).catch((error: unknown) => {
      if (error instanceof Problem && error.code === "not-found") return null;
      throw error;
    });
    if (found === null) {
      const absence = await reader.explainAbsence(name);
      if (absence !== null) person.warn(absence.message);
      return;
    }
    throw new Problem(
      "conflict",
      `the machine '${name}' exists already; pstore -P ${name} changes its password`,
    );
  }

  async change(name: string, change: Change, seal: Seal): Promise<void> {
    const users = change.allow.map(({ user }) => user);
    const deleted = change.restore !== undefined;
    const read = async () => [await this.#parts.reader.base(name, users, deleted)];
    await this.#changer.change(await read(), change, seal, read);
  }

  /** Changes all of these objects, or none. */
  async changeAll(names: readonly string[], change: Change, seal: Seal): Promise<void> {
    const users = change.allow.map(({ user }) => user);
    const read = () => this.#parts.reader.bases(names, users);
    await this.#changer.change(await read(), { ...change, isNarrowed: true }, seal, read);
  }

  seal(property: string, kind: Property["kind"], value: AsyncIterable<Uint8Array>): Promise<SealedValue> {
    return sealValue(this.#parts, property, kind, value);
  }
}
