import { readable } from "@pstore/core/fingerprint";
import type { Member } from "@pstore/core/manifest";
import { named } from "../store/named.ts";
import type { Unseen } from "../store/reading/survey.ts";
import type { StoredObject } from "../store/store.ts";
import { anyOf, lettersInOf } from "../store/waiting.ts";
import type { Prospect, UselessKey } from "../store/writing/prospects.ts";
import { stateOf } from "./key-state.ts";
import { byName, nameWidth } from "./layout.ts";

/** Who waits to be let in, and where. */
export interface WaitingList {
  /** Where the user here can let them in. */
  readonly waiting: readonly Waiting[];
  /** Where the user here cannot. */
  readonly beyond: readonly { readonly object: StoredObject; readonly users: readonly string[] }[];
  /** Where the user here waits. */
  readonly own: readonly StoredObject[];
  readonly unseen: readonly Unseen[];
}

/** A user, with the machines that they wait on. */
export interface Waiting {
  readonly prospect: Prospect;
  readonly objects: readonly StoredObject[];
}

/** How wide a user's name is shown, in characters. */
const userWidth = 12;

/** A header, a rule, and a line for each user and each of their keys. */
export function tableOf(waiting: readonly Waiting[], now: Date): string {
  const row = (user: string, on: string, key: string) =>
    `${user.padEnd(userWidth)} ${on.padEnd(nameWidth)} ${key}`;
  const lines = waiting.flatMap(({ prospect, objects }) => {
    const [first = "", ...more] = outlookOf(prospect, now);
    const on = objects.length === 1 ? objects.map(nameOf).join("") : `${objects.length} machines`;
    return [row(prospect.user, on, first), ...more.map((key) => row("", "", key))];
  });
  return [row("User", "Waits on", "Key"), "-".repeat(72), ...lines].join("\n");
}

/** The keys with which somebody would be let in, or in words why that cannot be. */
function outlookOf(prospect: Prospect, now: Date): readonly string[] {
  switch (prospect.is) {
    case "ready":
      return keysText(prospect.keys);
    case "without-key":
      return prospect.keys.length === 0 ? ["no key yet"] : prospect.keys.map((key) => uselessText(key, now));
    case "gone":
      return [`disabled or removed: pstore --offboard ${prospect.user}`];
    case "unknown":
      return ["unknown at the store"];
    case "refused":
      return ["a key that is not trusted"];
  }
}

function uselessText(key: UselessKey, now: Date): string {
  if (key.isRemoved) return `${readable(key.fingerprint)}, removed at the store`;
  const { state, expires } = stateOf(key, now);
  const since = expires === null ? "" : ` on ${expires.toISOString().slice(0, "2026-11-20".length)}`;
  const what = state === "expired" ? `expired${since}` : state === "unusable" ? "cannot be used" : state;
  return `${readable(key.fingerprint)}, ${what}`;
}

function keysText(keys: Member["keys"]): readonly string[] {
  const sorted = [...keys].sort(byName);
  return sorted.map(([key, part]) => `${readable(key)}${part === null ? " (write-only)" : ""}`);
}

/** Somebody with their machines and keys, as a question names them. */
export function inWords({ prospect, objects }: Waiting): string {
  const keys = prospect.is === "ready" ? keysText(prospect.keys).join(" and ") : "no key";
  return `${prospect.user} in on ${whereText(objects)} with ${keys}`;
}

/** That they were let in. */
export function letInText(some: readonly Waiting[]): string {
  const parts = some.map(({ prospect, objects }, index) => {
    const verb = index > 0 ? "" : "was let in ";
    return `${prospect.user} ${verb}on ${whereText(objects)}`;
  });
  return listed(parts);
}

/** Several with an "and" before the last. */
function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

function whereText(objects: readonly StoredObject[]): string {
  return objects.length === 1 ? named(objects) : `${objects.length} machines`;
}

/** What must be done for those who have no usable key now; `null` where there are none. */
export function whatComesNext(waiting: readonly Waiting[]): string | null {
  const users = waiting
    .filter(({ prospect }) => prospect.is === "without-key")
    .map(({ prospect }) => prospect.user);
  const [first] = users;
  if (first === undefined) return null;
  const [all, user] = [listed(users), users.length === 1 ? first : "USER"];
  return `once an admin has added a usable key, new or renewed (pstore-server key add ${user} FILE), pstore --pending lets ${all} in`;
}

/** What others must do: a sentence for all machines of the same colleagues. */
export function beyondReach({ own, beyond }: WaitingList): readonly string[] {
  const sentences: string[] = [];
  for (const some of byLettersIn(own, (object) => object))
    sentences.push(`you wait to be let in on ${named(some)}: ${askText(some)}`);
  for (const some of byLettersIn(beyond, ({ object }) => object)) {
    const users = [...new Set(some.flatMap((one) => one.users))].sort();
    const objects = some.map(({ object }) => object);
    const wait = users.length === 1 ? "waits" : "wait";
    sentences.push(
      `${users.join(", ")} ${wait} on ${named(objects)}, where you cannot let them in: ${askText(objects)}`,
    );
  }
  return sentences;
}

function byLettersIn<T>(items: readonly T[], objectOf: (item: T) => StoredObject): Iterable<readonly T[]> {
  return Map.groupBy(items, (item) => lettersInOf(objectOf(item).manifest).join(" ")).values();
}

function askText([first]: readonly StoredObject[]): string {
  const users = first === undefined ? [] : lettersInOf(first.manifest);
  return users.length === 0 ? "nobody is left who could" : `ask ${anyOf(users)} to run pstore --pending`;
}

export function nameOf({ manifest }: StoredObject): string {
  return manifest.object.name;
}

export function asJson({ waiting, beyond, own, unseen }: WaitingList, now: Date): object {
  return {
    waiting: waiting.map(({ prospect, objects }) => ({
      user: prospect.user,
      machines: objects.map(nameOf),
      state: prospect.is,
      ...(prospect.is === "ready" ? { keys: keysJson(prospect.keys) } : { why: prospect.why }),
      ...(prospect.is === "without-key" ? { keys: uselessJson(prospect.keys, now) } : {}),
    })),
    others: beyond.map(({ object, users }) => ({
      machine: nameOf(object),
      users,
      ask: lettersInOf(object.manifest),
    })),
    own: own.map((object) => ({ machine: nameOf(object), ask: lettersInOf(object.manifest) })),
    unseen,
  };
}

function keysJson(keys: Member["keys"]): readonly object[] {
  return [...keys].map(([fingerprint, part]) => ({ fingerprint, writeOnly: part === null }));
}

function uselessJson(keys: readonly UselessKey[], now: Date): readonly object[] {
  return keys.map((key) => {
    const state = key.isRemoved ? "removed" : stateOf(key, now).state;
    return { fingerprint: key.fingerprint, writeOnly: key.writeOnly, state };
  });
}
