import type { CheckAnswer, ObjectRow, User } from "@pstore/core/api/schemas";
import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import type { Property } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import { Api } from "../http/api.ts";
import type { Transport } from "../http/transport.ts";
import type { Keyring } from "../keyring/keyring.ts";
import type { Person } from "../person.ts";
import type { StateDatabase } from "../state/database.ts";
import { Objects } from "../state/objects.ts";
import { PendingCommits } from "../state/pending.ts";
import { Pins } from "../state/pins.ts";
import type { Sessions } from "../state/sessions.ts";
import { expiryWarning } from "./expiry.ts";
import type { KeyList } from "./key-list.ts";
import type { History } from "./reading/history.ts";
import { Lookup, type Wanted } from "./reading/lookup.ts";
import type { Reach } from "./reading/reach.ts";
import type { Reader, StoredObject } from "./reading/reader.ts";
import type { Found, Sought } from "./reading/search.ts";
import type { WaitingObjects } from "./reading/waiting-objects.ts";
import { SignIn } from "./session.ts";
import { Trust } from "./trust/trust.ts";
import type { WebLink } from "./web-link.ts";
import type { Change, NewMembers, Seal } from "./writing/change.ts";
import type { LeftOut } from "./writing/changer.ts";
import type { Prospect, Ready } from "./writing/prospects.ts";
import type { Revocation, Revoked } from "./writing/revoker.ts";
import type { Rewrapper, Rewrapping } from "./writing/rewrapper.ts";
import type { SealedValue } from "./writing/seal.ts";
import type { Writer } from "./writing/writer.ts";

export type { StoredObject } from "./reading/reader.ts";

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

/**
 * A store as one user sees it: what it gives is verified, what it gets is sealed. What reads and what writes is loaded
 * on demand, and so while the server answers.
 */
export class Store {
  readonly #parts: StoreParts;
  readonly #api: Api;
  readonly #pins: Pins;
  readonly #objects: Objects;
  readonly #pending: PendingCommits;
  readonly #trust: Trust;
  readonly #lookup: Lookup;
  #reading: Promise<Reader> | null = null;
  #writing: Promise<Writer> | null = null;

  constructor(parts: StoreParts) {
    const { transport, keyring, state, sessions, person, store, user, isStrict } = parts;
    this.#parts = parts;
    this.#pins = new Pins(state, store);
    const signIn = new SignIn({ transport, keyring, pins: this.#pins, sessions, store, user });
    this.#api = new Api(transport, (renew) => this.#token(signIn, renew));
    this.#objects = new Objects(state, store);
    this.#pending = new PendingCommits(state, store, user);
    this.#trust = new Trust({ pins: this.#pins, keyring, person, user, isStrict });
    this.#lookup = new Lookup({ api: this.#api, objects: this.#objects, keyring, user });
  }

  /** What comes before every command: own keys are pinned, their end is warned of, and what was not answered is sent. */
  async begin(): Promise<void> {
    const { user, person } = this.#parts;
    if (!this.#pins.ofUser(user).some((pin) => pin.source === "own")) await this.#meetOneself();
    const now = new Date();
    // Of several, the one in use: another may be on its way out.
    const [{ expires = null, fingerprint = "" } = {}] = this.#pins.ownOf(user);
    if (expires !== null) {
      const warning = expiryWarning(`your key ${fingerprint.slice(-16)}`, new Date(expires), now);
      if (warning !== null) person.warn(warning);
    }
    for (const { request, isGivenUp } of this.#pending.all()) {
      const { sendAgain, tellFate } = await import("./writing/unanswered.ts");
      await (isGivenUp ? tellFate : sendAgain)(this.#api, person, request);
      this.#pending.forget(request);
    }
  }

  async #token(signIn: SignIn, renew: boolean): Promise<string> {
    const token = await signIn.token(renew);
    const { key } = signIn;
    const { user, person } = this.#parts;
    const own = this.#pins.ownOf(user);
    if (key !== null && own.length > 0 && own.every(({ fingerprint }) => fingerprint !== key))
      person.notice(
        `signed in with ${readable(key)}, which this client does not know as yours yet: if it is, run pstore --trust ${user}`,
      );
    return token;
  }

  async #meetOneself(): Promise<void> {
    const { user } = this.#parts;
    const { users } = await this.#api.users([user]);
    const self = users.find((one) => one.name === user);
    if (self === undefined) {
      throw new Problem(
        "untrusted-server",
        `the server has signed in '${user}', but does not know that user; ask who runs the server`,
      );
    }
    const { trusted } = await this.#trust.meet(self);
    if (trusted.size > 0) return;
    throw new Problem(
      "no-private-key",
      `the server has no public key for '${user}' whose private key is here (looked at: ${this.#parts.keyring.lookedAt}); ask an admin to add yours, or give --identity`,
    );
  }

  /** All objects of the user's own, or with `all` of everybody. What the server leaves out of them is warned of. */
  async list(all: boolean): Promise<readonly ObjectRow[]> {
    const rows = await this.#lookup.list("", all);
    const listed = new Set(rows.map(({ name }) => name));
    const missing = this.#objects.names().filter((name) => !listed.has(name));
    if (missing.length > 0) await this.#warnOfHidden(missing, listed);
    return rows;
  }

  async #warnOfHidden(missing: readonly string[], listed: ReadonlySet<string>): Promise<void> {
    const { hiddenObjects } = await import("./reading/shared-objects.ts");
    const known = missing.map((name) => this.#objects.byName(name)).filter((one) => one !== null);
    const hidden = await hiddenObjects({ ...this.#shared(), reader: await this.#reader() }, known, listed);
    for (const { why } of hidden) this.#parts.person.warn(why);
  }

  /** The user's own objects whose names fit a pattern, verified. */
  async matching(pattern: string): Promise<readonly StoredObject[]> {
    return (await this.#reader()).matching(pattern);
  }

  /** The objects of exactly these names, in their order. @throws Problem `not-found`, … */
  async objects(names: readonly string[], wanted: Wanted): Promise<readonly StoredObject[]> {
    return (await this.#reader()).objects(names, wanted);
  }

  /** The object of exactly this name, or else those that contain it, in one request where that will do. */
  async find(name: string, wanted: Wanted): Promise<StoredObject | readonly ObjectRow[]> {
    const answer = this.#lookup.search(name, wanted);
    return (await this.#readerFor(answer)).found(name, wanted, answer);
  }

  /** The object of exactly this name. @throws Problem `not-found`, `forbidden` */
  async object(name: string, wanted: Wanted): Promise<StoredObject> {
    const answer = this.#lookup.object(name, wanted);
    return (await this.#readerFor(answer)).object(name, wanted, answer);
  }

  /** The objects in which members wait to be let in. */
  async waiting(): Promise<WaitingObjects> {
    const { waitingObjects } = await import("./reading/waiting-objects.ts");
    return waitingObjects({ ...this.#shared(), reader: await this.#reader() });
  }

  /** What would come of letting these users in, who wait. */
  async prospects(users: readonly string[]): Promise<readonly Prospect[]> {
    return (await this.#writer()).prospects(users);
  }

  /** Lets users in where they wait, with the keys that were shown, and one commit. @returns the objects that are left out */
  async letIn(names: readonly string[], shown: readonly Ready[]): Promise<readonly LeftOut[]> {
    return (await this.#writer()).letIn(names, shown);
  }

  /**
   * What is known of the keys of users: where they are pinned, served and listed. Nothing is pinned or remembered for it.
   * @param user `null`: the user here, and all they share objects with
   */
  async keyList(user: string | null): Promise<KeyList> {
    const [{ KeyLister }, { looking }] = await Promise.all([import("./key-list.ts"), import("./looking.ts")]);
    const shared = looking(this.#shared(), this.#parts.state);
    return new KeyLister({ ...this.#shared(), pins: this.#pins, shared }).list(user);
  }

  /** What it takes to encrypt everything to the present keys of a user. @throws Problem `untrusted-key`, … */
  async rewrapping(user: string): Promise<Rewrapping> {
    return (await this.#rewrapper()).plan(user);
  }

  /** Does that. @returns the objects that are left out */
  async rewrap(rewrapping: Rewrapping, others: Pick<Change, "pending">): Promise<readonly LeftOut[]> {
    return (await this.#rewrapper()).apply(rewrapping, others);
  }

  /** From which of these objects the user here can revoke others. */
  async revocation(objects: readonly StoredObject[]): Promise<Revocation> {
    return (await (await this.#writer()).revoker()).plan(objects);
  }

  /** Revokes a user there, with one commit where that is enough. */
  async revoke(revocation: Revocation, user: string, others: Pick<Change, "pending">): Promise<Revoked> {
    return (await (await this.#writer()).revoker()).apply(revocation, user, others);
  }

  async #rewrapper(): Promise<Rewrapper> {
    return (await this.#writer()).rewrapper();
  }

  /**
   * Makes a new object, of this user and those allowed.
   * @param seal makes its values, once the users are known to the store and their keys usable
   * @throws Problem `conflict` when the name is taken, `not-found` for an unknown user, …
   */
  async create(name: string, members: NewMembers, seal: Seal): Promise<void> {
    await (await this.#writer()).create(name, members, seal);
  }

  /**
   * Changes an object.
   * @param seal makes the new values, once the object is known to be there and the user may change it
   * @throws Problem `not-found`, `forbidden`, `conflict`, …
   */
  async change(name: string, change: Change, seal: Seal): Promise<void> {
    await (await this.#writer()).change(name, change, seal);
  }

  /**
   * Changes objects with one commit: all of them, or none. What would stay as it is, is left out.
   * @param seal makes the new values of each
   */
  async changeAll(names: readonly string[], change: Change, seal: Seal): Promise<void> {
    await (await this.#writer()).changeAll(names, change, seal);
  }

  /** Seals a value for a change; a large one is uploaded on the way. */
  async seal(
    property: string,
    kind: Property["kind"],
    value: AsyncIterable<Uint8Array>,
  ): Promise<SealedValue> {
    return (await this.#writer()).seal(property, kind, value);
  }

  /** The keys that the server has for a user. @throws Problem `not-found` */
  async user(name: string): Promise<User> {
    const { users } = await this.#api.users([name]);
    const [user] = users;
    if (user?.name !== name) throw new Problem("not-found", `the store knows no user '${name}'`);
    return user;
  }

  /** The fingerprints that are pinned to a user. */
  pinned(name: string): readonly Fingerprint[] {
    return this.#pins.ofUser(name).map((pin) => pin.fingerprint);
  }

  /** Pins the keys of a user as meant by the person here. */
  async trust(user: User): Promise<void> {
    this.#mayWrite();
    await this.#trust.accept(user);
  }

  /** What objects were before. */
  async history(): Promise<History> {
    const { History } = await import("./reading/history.ts");
    return new History(this.#api);
  }

  /** The values that the server says it still has of an object: by property, the revisions that sealed them. */
  async kept(id: string): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
    const { values } = await this.#api.kept(id);
    const byProperty = Map.groupBy(values, ({ property }) => property);
    return new Map([...byProperty].map(([name, its]) => [name, new Set(its.map((one) => one.revision))]));
  }

  /** The properties that fit what is sought, and whether there are more than the server looked up. */
  async search(sought: Sought, all: boolean): Promise<{ found: readonly Found[]; more: boolean }> {
    const { Search } = await import("./reading/search.ts");
    const parts = { api: this.#api, lookup: this.#lookup, person: this.#parts.person };
    return new Search({ ...parts, reader: await this.#reader() }).find(sought, all);
  }

  /** What a user has access to and knows, of what the user here can see. */
  async reach(user: string, all: boolean): Promise<Reach> {
    const { ReachFinder } = await import("./reading/reach.ts");
    return new ReachFinder({ ...this.#shared(), reader: await this.#reader() }).of(user, all);
  }

  /** What signs the user in to the web admin, once. @throws Problem `forbidden` when they are not of the staff */
  async webLink(): Promise<WebLink> {
    const { webLink } = await import("./web-link.ts");
    return webLink({ ...this.#parts, pins: this.#pins });
  }

  /** What the server finds wrong with itself. @throws Problem `forbidden` */
  async check(): Promise<CheckAnswer["faults"]> {
    return (await this.#api.check()).faults;
  }

  /** Whoever this command is run as. */
  get self(): string {
    return this.#parts.user;
  }

  /** The reader, loaded while a request is on its way; should the request fail, whoever awaits it is told. */
  #readerFor(answer: Promise<unknown>): Promise<Reader> {
    answer.catch(() => {});
    return this.#reader();
  }

  #reader(): Promise<Reader> {
    this.#reading ??= import("./reading/reader.ts").then(({ Reader }) => new Reader(this.#shared()));
    return this.#reading;
  }

  async #writer(): Promise<Writer> {
    this.#mayWrite();
    const reader = await this.#reader();
    const more = { pins: this.#pins, pending: this.#pending, reader };
    this.#writing ??= import("./writing/writer.ts").then(
      ({ Writer }) => new Writer({ ...this.#shared(), ...more }),
    );
    return this.#writing;
  }

  #shared() {
    const { keyring, person, store, user, acceptUnsigned } = this.#parts;
    const own = { api: this.#api, objects: this.#objects, trust: this.#trust, lookup: this.#lookup };
    return { ...own, keyring, person, store, user, acceptUnsigned };
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
