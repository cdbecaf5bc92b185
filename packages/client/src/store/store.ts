import type { ObjectDetail, ObjectRow, User } from "@pstore/core/api/schemas";
import type { Manifest, Property } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import { Api, type Include } from "../http/api.ts";
import type { Transport } from "../http/transport.ts";
import type { Keyring } from "../keyring/keyring.ts";
import type { Person } from "../person.ts";
import type { StateDatabase } from "../state/database.ts";
import { Objects } from "../state/objects.ts";
import { PendingCommits } from "../state/pending.ts";
import { Pins } from "../state/pins.ts";
import type { Sessions } from "../state/sessions.ts";
import { type Base, Changer, type Seal } from "./change.ts";
import { expiryWarning, expiryWarningDays, type MemberChange, MemberPlanner } from "./members.ts";
import { Opener } from "./open.ts";
import { type SealedValue, sealValue } from "./seal.ts";
import { SignIn } from "./session.ts";
import { Trust } from "./trust.ts";
import { Verifier } from "./verify.ts";

/** An object that was verified, with its values within reach. */
export interface StoredObject {
  readonly manifest: Manifest;
  /** The user's own access; `null` for a privileged user who looks at what is not theirs. */
  readonly access: "read" | "write" | null;
  /** Whether anything is encrypted to the user: nothing is to a write-only key, or to who is no member. */
  readonly isReadable: boolean;
  /** The value of a property in clear, as a stream, checked on the way. */
  value(property: string): AsyncIterable<Uint8Array>;
}

export interface StoreParts {
  readonly transport: Transport;
  readonly keyring: Keyring;
  readonly state: StateDatabase;
  readonly sessions: Sessions | null;
  readonly person: Person;
  /** The store's id. */
  readonly store: string;
  readonly user: string;
  readonly isStrict: boolean;
  readonly acceptUnsigned: boolean;
}

/** A store as one user sees it: what it gives is verified, what it gets is sealed. */
export class Store {
  readonly #parts: StoreParts;
  readonly #api: Api;
  readonly #pins: Pins;
  readonly #objects: Objects;
  readonly #pending: PendingCommits;
  readonly #trust: Trust;
  readonly #verifier: Verifier;
  readonly #opener: Opener;

  constructor(parts: StoreParts) {
    const { transport, keyring, state, sessions, person, store, user, isStrict, acceptUnsigned } = parts;
    this.#parts = parts;
    this.#pins = new Pins(state, store);
    const signIn = new SignIn({ transport, keyring, pins: this.#pins, sessions, store, user });
    this.#api = new Api(transport, (renew) => signIn.token(renew));
    this.#objects = new Objects(state, store);
    this.#pending = new PendingCommits(state, store, user);
    this.#trust = new Trust({ pins: this.#pins, keyring, person, user, isStrict });
    this.#verifier = new Verifier({
      ...{ api: this.#api, objects: this.#objects, trust: this.#trust, person, store, acceptUnsigned },
    });
    this.#opener = new Opener({ api: this.#api, keyring, person, user });
  }

  /** What comes before every command: own keys are pinned, their end is warned of, and what was not answered is sent. */
  async begin(): Promise<void> {
    const { user, person } = this.#parts;
    if (!this.#pins.ofUser(user).some((pin) => pin.source === "own")) await this.#meetOneself();
    const now = new Date();
    for (const { expires, source, fingerprint } of this.#pins.ofUser(user)) {
      if (expires === null || source !== "own") continue;
      if (expires > now.getTime() && expires - now.getTime() < expiryWarningDays * 86_400_000) {
        person.warn(expiryWarning(`your key ${fingerprint.slice(-16)}`, new Date(expires), now));
      }
    }
    for (const request of this.#pending.all()) await this.#sendAgain(request);
  }

  async #meetOneself(): Promise<void> {
    const { user } = this.#parts;
    const { users } = await this.#api.users([user]);
    const self = users.find((one) => one.name === user);
    if (self === undefined)
      throw new Problem(
        "untrusted-server",
        `the server has signed in '${user}', but does not know that user; ask who runs the server`,
      );
    const { trusted } = await this.#trust.meet(self);
    if (trusted.size === 0)
      throw new Problem(
        "no-private-key",
        `the server has no public key for '${user}' whose private key gpg holds here; ask an admin to add yours`,
      );
  }

  async #sendAgain(request: string): Promise<void> {
    const { person } = this.#parts;
    try {
      await this.#api.commit(request);
      person.notice("a change that was not answered before is now stored");
    } catch (error) {
      if (!(error instanceof Problem) || error.code === "unavailable") throw error;
      person.warn(`a change that was not answered before was not stored: ${error.message}`);
    }
    this.#pending.forget(request);
  }

  /** The objects whose name contains a text; all of the user's own where it is empty. */
  async list(text: string, all: boolean): Promise<readonly ObjectRow[]> {
    const rows = new Map<string, ObjectRow>();
    let cursor: string | undefined;
    do {
      const page = await this.#api.objects({ q: text, all, ...(cursor === undefined ? {} : { cursor }) });
      const before = rows.size;
      for (const row of page.objects) rows.set(row.id, row);
      cursor = page.next ?? undefined;
      if (cursor !== undefined && rows.size === before)
        throw new Problem(
          "untrusted-server",
          "the server's list does not end: a page of it brings nothing new; ask who runs the server",
        );
    } while (cursor !== undefined);
    return [...rows.values()];
  }

  /**
   * The object of exactly this name, or else those that contain it, in one request where that will do.
   * @param value the property whose value is wanted with the object
   */
  async find(name: string, all: boolean, value: string): Promise<StoredObject | readonly ObjectRow[]> {
    const page = await this.#api.objects({ q: name, exact: true, all, ...this.#include(name, value) });
    if (page.object !== null) return this.#verifiedObject(name, page.object);
    const rows = page.next === null ? page.objects : await this.list(name, all);
    const absence = await this.#explainAbsence(name);
    if (absence !== null && rows.length === 0) throw absence;
    if (absence !== null) this.#parts.person.warn(absence.message);
    return rows;
  }

  /**
   * The object of exactly this name.
   * @param options the property whose value is wanted with it; `all`: also where it is not the user's own
   * @throws Problem `not-found`, `forbidden`
   */
  async object(
    name: string,
    { value, all = false }: { value?: string; all?: boolean },
  ): Promise<StoredObject> {
    return this.#verifiedObject(name, await this.#fetch(name, { ...this.#include(name, value), all }));
  }

  /**
   * Makes a new object, of this user and those allowed.
   * @param seal makes its values, once the users are known to the store and their keys usable
   * @throws Problem `conflict` when the name is taken, `not-found` for an unknown user, …
   */
  async create(name: string, allow: readonly string[], seal: Seal): Promise<void> {
    this.#mayWrite();
    const [{ users }] = await Promise.all([
      this.#api.users([this.#parts.user, ...allow]),
      this.#refuseExisting(name),
    ]);
    await this.#changer().create(name, { allow, revoke: [] }, users, seal);
  }

  async #refuseExisting(name: string): Promise<void> {
    const found = await this.#api.object(name, {}).catch((error: unknown) => {
      if (error instanceof Problem && error.code === "not-found") return null;
      throw error;
    });
    if (found === null) return;
    throw new Problem(
      "conflict",
      `the machine '${name}' exists already; pstore -P ${name} changes its password`,
    );
  }

  /**
   * Changes an object.
   * @param seal makes the new values, once the object is known to be there and the user may change it
   * @throws Problem `not-found`, `forbidden`, `conflict`, …
   */
  async change(name: string, change: MemberChange, seal: Seal): Promise<void> {
    this.#mayWrite();
    const read = async (): Promise<Base> => {
      const detail = await this.#fetch(name, { keys: "members", users: change.allow });
      return { detail, verified: await this.#verifier.newest(name, detail.revision, detail.users) };
    };
    await this.#changer().change(await read(), change, seal, read);
  }

  /** Seals a value for a change that follows; a large one is uploaded on the way. */
  seal(property: string, kind: Property["kind"], value: AsyncIterable<Uint8Array>): Promise<SealedValue> {
    return sealValue({ api: this.#api, person: this.#parts.person }, property, kind, value);
  }

  /** The keys that the server has for a user. @throws Problem `not-found` */
  async user(name: string): Promise<User> {
    const { users } = await this.#api.users([name]);
    const [user] = users;
    if (user?.name !== name) throw new Problem("not-found", `the store knows no user '${name}'`);
    return user;
  }

  /** The fingerprints that are pinned to a user. */
  pinned(name: string) {
    return this.#pins.ofUser(name).map((pin) => pin.fingerprint);
  }

  /** Pins the keys of a user as meant by the person here. */
  async trust(user: User): Promise<void> {
    this.#mayWrite();
    await this.#trust.accept(user);
  }

  /** What to ask for with an object, by what this client knows of it; the keyring is told what will follow. */
  #include(name: string, value: string | undefined): Include {
    const known = this.#objects.byName(name);
    const isEncrypted = value !== undefined && known?.manifest.properties.get(value)?.kind === "encrypted";
    if (isEncrypted) this.#parts.keyring.expectUnwrap();
    return { ...(value === undefined ? {} : { value }), ...(known === null ? { keys: "author" } : {}) };
  }

  async #fetch(name: string, include: Include): Promise<ObjectDetail> {
    try {
      return await this.#api.object(name, include);
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "not-found") throw error;
      throw (await this.#explainAbsence(name)) ?? error;
    }
  }

  /** Why an object that this client knows is not there: a signed deletion, or nothing that proves anything. */
  async #explainAbsence(name: string): Promise<Problem | null> {
    const known = this.#objects.byName(name);
    if (known === null) return null;
    const now = await this.#verifier.whatBecameOf(known).catch((error: unknown) => {
      if (error instanceof Problem && error.code === "not-found") return known;
      throw error;
    });
    const { deleted, author, object, revision } = now.manifest;
    if (deleted) return new Problem("not-found", `${author.user} has deleted the machine '${name}'`);
    if (object.name !== name)
      return new Problem("not-found", `${author.user} has renamed the machine '${name}' to '${object.name}'`);
    return new Problem(
      "not-found",
      `'${name}' is hidden by the server, no signed deletion: this client has seen its revision ${revision}; you may have lost access to it, ask ${author.user} or who runs the server`,
    );
  }

  async #verifiedObject(name: string, detail: ObjectDetail): Promise<StoredObject> {
    const { manifest } = await this.#verifier.newest(name, detail.revision, detail.users);
    const self = manifest.members.get(this.#parts.user);
    return {
      manifest,
      access: self?.access ?? null,
      isReadable: [...(self?.keys.values() ?? [])].some((part) => part !== null),
      value: (property) => this.#opener.value({ manifest, detail, property }),
    };
  }

  #changer(): Changer {
    const { keyring, store, user, person } = this.#parts;
    const planner = new MemberPlanner({ trust: this.#trust, person, user });
    return new Changer({
      ...{ api: this.#api, keyring, objects: this.#objects, pins: this.#pins, pending: this.#pending },
      ...{ planner, opener: this.#opener, store, user },
    });
  }

  /** Without a memory, nothing tells a substituted key from the right one: good enough to read, not to write. */
  #mayWrite(): void {
    if (this.#parts.state.isKept) return;
    throw new Problem(
      "local-fault",
      "nothing was stored, because the state folder cannot be written, and so no key can be pinned; make it writable, or set XDG_STATE_HOME",
    );
  }
}
