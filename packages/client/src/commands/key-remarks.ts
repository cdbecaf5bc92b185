import { readable } from "@pstore/core/fingerprint";
import { expiryWarning } from "../store/expiry.ts";
import type { KnownKey, UserKeys } from "../store/key-list.ts";
import { stateOf } from "./key-state.ts";
import { whyBeyond } from "./rewrap-beyond.ts";

/** Something about a user's keys, with what to do. */
export interface Remark {
  readonly isUrgent: boolean;
  readonly text: string;
}

/** What is to be said of a user's keys, with the command that mends it. */
export function remarksOn(user: UserKeys, self: string, now: Date): readonly Remark[] {
  const { user: name, active, shared } = user;
  const urgent = (text: string): Remark => ({ isUrgent: true, text });
  if (active === false && shared > 0)
    return [urgent(`${name} is disabled or removed at the store: pstore --offboard ${name}`)];
  if (active === null) return [urgent(`the store does not know the user ${name}; ask who runs it`)];
  return [
    ...user.keys.flatMap((key) => changeOf(key, user, self) ?? []).map(urgent),
    ...(user.fault === null ? [] : [urgent(`${user.fault}${remedyOf(user, now)}`)]),
    ...expiries(user, now).map(urgent),
    ...staleness(user, self).map((text) => ({ isUrgent: false, text })),
  ];
}

/** What helps where nothing can be encrypted for a user. */
function remedyOf({ user, keys }: UserKeys, now: Date): string {
  const hasEnded = keys.some((key) => key.seen !== null && stateOf(key, now).state === "expired");
  return hasEnded ? `; once it is extended, have it added again: pstore-server key add ${user} FILE` : "";
}

/** That the store gives what is not believed. */
function changeOf(
  { seen, fingerprint }: KnownKey,
  { user, beyond, mendable }: UserKeys,
  self: string,
): string | null {
  if (seen === null) return null;
  const { standing, owner, isHeld } = seen;
  const key = readable(fingerprint);
  if (owner !== null)
    return `the store gives ${key} for ${user}, but it is known as ${owner}'s; ask who runs the server`;
  // Where nothing could be mended from here, the second half would only fail.
  const rewrapping = user === self ? " --rewrap" : ` --rewrap=${user}`;
  const trusting = `pstore --trust ${user}${mendable === 0 && beyond.length > 0 ? "" : rewrapping}`;
  const check = user === self ? "if that is right" : `compare it with ${user}, and if that is right`;
  if (standing.is === "reflagged")
    return `the store gives ${key} of ${user} as ${seen.key.writeOnly ? "write-only, and it was not" : "a reading key, and it was write-only"}: ${check}, run ${trusting}`;
  if (standing.is !== "changed" && !(standing.is === "new" && user === self)) return null;
  if (isHeld) return null;
  return user === self
    ? `the store gives ${key} for you, which is neither here nor trusted: if it is yours, run ${trusting}; if not, tell who runs the server`
    : `the store gives ${key} for ${user}, which is not what is pinned: ${check}, run ${trusting}`;
}

function expiries({ user, keys }: UserKeys, now: Date): readonly string[] {
  return keys.flatMap((key) => {
    const { state, expires } = stateOf(key, now);
    if (state !== "usable" || expires === null || key.seen === null) return [];
    return expiryWarning(`${user}'s key ${readable(key.fingerprint)}`, expires, now) ?? [];
  });
}

function staleness(all: UserKeys, self: string): readonly string[] {
  const { user, stale, beyond, mendable, waiting, fault } = all;
  const machines = (count: number) => (count === 1 ? "1 machine" : `${count} machines`);
  const remarks: string[] = [];
  const [whose, option] = user === self ? ["your", "--rewrap"] : [`${user}'s`, `--rewrap=${user}`];
  const areStale = (count: number) =>
    `${machines(count)} ${count === 1 ? "is" : "are"} not encrypted to just ${whose} present keys`;
  // What is mended once a key is trusted has been told with that.
  const isTold = all.keys.some((key) => changeOf(key, all, self)?.includes(option));
  if (stale > 0 && mendable > 0 && !isTold) remarks.push(`${areStale(mendable)}: pstore ${option}`);
  for (const { why, objects } of whyBeyond(beyond, user, self))
    remarks.push(`${areStale(objects.length)}: ${why}`);
  if (waiting > 0 && user === self)
    remarks.push(`you wait to be let in on ${machines(waiting)}: pstore --pending says whom to ask`);
  else if (waiting > 0)
    remarks.push(
      `${user} waits to be let in on ${machines(waiting)}${fault === null ? ": pstore --pending" : ""}`,
    );
  return remarks;
}
