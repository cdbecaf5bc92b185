import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { CommitRequest, NewValue, ObjectDetail, User, WrappedKey } from "@pstore/core/api/schemas";
import { commitOf, commitText } from "@pstore/core/commit";
import { digestOf } from "@pstore/core/digest";
import type { Fingerprint } from "@pstore/core/fingerprint";
import {
  type EncryptedProperty,
  encodeManifest,
  type Manifest,
  type Member,
  type Property,
} from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Api } from "../http/api.ts";
import type { Keyring } from "../keyring/keyring.ts";
import type { Objects } from "../state/objects.ts";
import type { PendingCommits } from "../state/pending.ts";
import type { Pins } from "../state/pins.ts";
import type { Change, Seal } from "./change.ts";
import { isConfirmed } from "./confirm.ts";
import type { MemberPlanner, PlannedMembers } from "./members.ts";
import type { Opener } from "./open.ts";
import { entryFor, type SealedValue } from "./seal.ts";
import type { Verified } from "./verify.ts";

/** An object as it was read and verified, with all that a change needs. */
export interface Base {
  readonly verified: Verified;
  readonly detail: ObjectDetail;
}

/** How often a change is tried anew when others change the object at the same time. */
const maxTries = 30;

export interface ChangerParts {
  readonly api: Api;
  readonly keyring: Keyring;
  readonly objects: Objects;
  readonly pins: Pins;
  readonly pending: PendingCommits;
  readonly planner: MemberPlanner;
  readonly opener: Opener;
  /** The store's id. */
  readonly store: string;
  readonly user: string;
}

/** Makes changes: a new manifest, wrapped keys for whoever lacks them, one signature, one commit. */
export class Changer {
  readonly #parts: ChangerParts;
  /** Who made which revision, of all that went by during this command. */
  readonly #authors = new Map<number, string>();

  constructor(parts: ChangerParts) {
    this.#parts = parts;
  }

  /** Makes a new object of that name, of the user here and those allowed. */
  async create(name: string, change: Change, users: readonly User[], seal: Seal): Promise<void> {
    const planned = await this.#parts.planner.plan(null, change, users);
    this.#author(planned.members);
    await this.#make({ id: randomUUID(), name }, null, planned, await seal());
  }

  /**
   * Changes an object; when somebody else was quicker, on top of what they made of it.
   * @param read reads the object anew
   * @throws Problem `conflict` when somebody else has changed one of the same properties since `base`
   */
  async change(base: Base, change: Change, seal: Seal, read: () => Promise<Base>): Promise<void> {
    let current = base;
    let planned = await this.#plan(current, change);
    this.#author(base.verified.manifest.members);
    const values = await seal();
    for (let tries = 1; ; tries++) {
      try {
        await this.#make(current.verified.manifest.object, current, planned, values);
        return;
      } catch (error) {
        if (!(error instanceof Problem) || error.code !== "conflict" || tries === maxTries) throw error;
        // Two clients that were told of the conflict at once should not meet again.
        await pause(Math.random() * 20 * Math.min(tries, 10));
        const before = current.verified.digest;
        current = await read();
        // Nobody was quicker: to sign the same again is no use.
        if (current.verified.digest === before) throw error;
      }
      this.#refuseLostUpdate(base, current, values);
      planned = await this.#plan(current, change);
    }
  }

  async #plan({ verified, detail }: Base, change: Change): Promise<PlannedMembers> {
    this.#see(verified.missed);
    this.#mayWrite(verified);
    return this.#parts.planner.plan(verified.manifest, change, detail.users);
  }

  #refuseLostUpdate(base: Base, current: Base, values: readonly SealedValue[]): void {
    const before = base.verified.manifest;
    const { manifest } = current.verified;
    this.#see(current.verified.missed);
    for (const { property } of values) {
      const revision = manifest.properties.get(property)?.revision;
      if (revision === before.properties.get(property)?.revision) continue;
      const who = this.#authors.get(revision ?? 0) ?? this.#authors.get(manifest.revision);
      throw new Problem(
        "conflict",
        `${who ?? "somebody"} has changed '${property}' of '${manifest.object.name}' at the same time; nothing of yours was stored, look at it and repeat`,
      );
    }
  }

  #see(missed: Verified["missed"]): void {
    for (const { manifest } of missed) this.#authors.set(manifest.revision, manifest.author.user);
  }

  /** Makes the next revision of an object, or its first, and commits it. */
  async #make(
    object: Manifest["object"],
    base: Base | null,
    planned: PlannedMembers,
    values: readonly SealedValue[],
  ): Promise<void> {
    const { store } = this.#parts;
    const before = base?.verified.manifest ?? null;
    const revision = (before?.revision ?? 0) + 1;
    const place = { store, object: object.id, revision };
    const properties = new Map([
      ...(before?.properties ?? []),
      ...values.map((value): [string, Property] => [value.property, entryFor(value, place)]),
    ]);
    const author = this.#author(before?.members ?? planned.members);
    const manifest: Manifest = {
      ...{ store, object, revision, previous: base?.verified.digest ?? null, author, time: now() },
      ...{ members: planned.members, properties, deleted: false },
    };
    await this.#commit(manifest, values, await this.#wrap(manifest, base, values, planned));
  }

  #mayWrite({ manifest, isSigned }: Verified): void {
    const { name } = manifest.object;
    if (!isSigned) {
      throw new Problem(
        "untrusted-server",
        `'${name}' has no valid signature, so nothing can be built on it; ask a writer to store it anew`,
      );
    }
    const access = manifest.members.get(this.#parts.user)?.access;
    if (access === "write") return;
    const may = access === "read" ? "may read, but not change," : "have no access to";
    throw new Problem("forbidden", `you ${may} '${name}'; ask a member who may`);
  }

  /**
   * The user with the key that signs: one of their own, listed in these members.
   * @throws Problem `no-private-key`: asked for before a value is sealed, and so before a password is typed
   */
  #author(members: ReadonlyMap<string, Member>): Manifest["author"] {
    const { user, pins } = this.#parts;
    const listed = members.get(user)?.keys ?? new Map<Fingerprint, Fingerprint | null>();
    const own = pins.ofUser(user).filter((pin) => pin.source === "own" && listed.has(pin.fingerprint));
    // A reading key may do what a write-only one may not.
    const [key] = own.sort((a, b) => Number(a.writeOnly) - Number(b.writeOnly));
    if (key !== undefined) return { user, key: key.fingerprint };
    throw new Problem(
      "no-private-key",
      `none of the keys that '${user}' is a member with is held by gpg here; use the machine that has it`,
    );
  }

  /** The wrapped keys that the server lacks: of new values for all, of old ones for keys that were not there before. */
  async #wrap(
    manifest: Manifest,
    base: Base | null,
    values: readonly SealedValue[],
    planned: PlannedMembers,
  ): Promise<readonly WrappedKey[]> {
    const { wrapSessionKey } = await import("@pstore/core/openpgp/wrap");
    const wrapped: WrappedKey[] = [];
    for (const [property, entry] of manifest.properties) {
      if (entry.kind !== "encrypted") continue;
      const fresh = values.find((value) => value.property === property);
      const targets = readingKeys(
        manifest.members,
        fresh === undefined ? (base?.verified.manifest.members ?? null) : null,
      );
      if (targets.length === 0) continue;
      const sessionKey = fresh?.sessionKey ?? (await this.#oldSessionKey(base, property, entry));
      for (const { key, part } of targets) {
        const certificate = planned.certificates.get(key);
        if (certificate === undefined)
          throw new Problem(
            "untrusted-key",
            `the key ${key} is not known well enough to encrypt to; nothing was stored`,
          );
        const packet = await wrapSessionKey(certificate, part, sessionKey);
        wrapped.push({ property, key, wrapped: Buffer.from(packet).toString("base64") });
      }
    }
    return wrapped;
  }

  async #oldSessionKey(base: Base | null, property: string, entry: EncryptedProperty): Promise<Uint8Array> {
    if (base === null) throw new Error("a new object has new values only");
    return this.#parts.opener.sessionKey(
      { manifest: base.verified.manifest, detail: base.detail, property },
      entry,
    );
  }

  async #commit(
    manifest: Manifest,
    values: readonly SealedValue[],
    wrappedKeys: readonly WrappedKey[],
  ): Promise<void> {
    const { api, keyring, objects, pending, store } = this.#parts;
    const text = encodeManifest(manifest);
    const commit = commitText(commitOf(store, [text]));
    const signature = Buffer.from(await keyring.sign(manifest.author.key, commit)).toString("base64");
    const contents: NewValue[] = values.map((value) => value.content);
    const request: CommitRequest = {
      ...{ commit, signature },
      changes: [{ manifest: text, values: contents, wrappedKeys: [...wrappedKeys] }],
    };
    const bytes = JSON.stringify(request);
    pending.keep(bytes);
    try {
      if (!isConfirmed(await api.commit(bytes), request)) throw unconfirmed(manifest);
    } catch (error) {
      if (!(error instanceof Problem) || error.code === "unavailable") throw unanswered(error);
      pending.forget(bytes);
      throw error;
    }
    pending.forget(bytes);
    objects.remember({ manifest, digest: digestOf(text) }, text);
  }
}

/** The reading keys of all members; with `before`, only those that were not wrapped to before. */
function readingKeys(
  members: ReadonlyMap<string, Member>,
  before: ReadonlyMap<string, Member> | null,
): readonly { key: Fingerprint; part: Fingerprint }[] {
  return [...members].flatMap(([user, { keys }]) =>
    [...keys].flatMap(([key, part]) =>
      part === null || before?.get(user)?.keys.get(key) === part ? [] : [{ key, part }],
    ),
  );
}

function unconfirmed({ object }: Manifest): Problem {
  return new Problem(
    "untrusted-server",
    `the server does not confirm the change of '${object.name}' that it was sent; look whether it is there, and ask who runs the server`,
  );
}

function unanswered(error: unknown): unknown {
  if (!(error instanceof Problem)) return error;
  return new Problem(
    error.code,
    `${error.message}; the change was sent but not answered: the next pstore command sends it again first`,
    { cause: error },
  );
}

function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}
