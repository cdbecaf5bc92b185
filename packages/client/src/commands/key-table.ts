import { isSsh, readable } from "@pstore/core/fingerprint";
import { timeUntil } from "../store/expiry.ts";
import type { KnownKey, UserKeys } from "../store/key-list.ts";
import { stateOf } from "./key-state.ts";

const titles = ["User", "Key", "Type", "For", "Expires", "At store", "Pinned", "Machines"] as const;
type Row = readonly string[];

/** A header, a rule, and a line for each key of each user. */
export function tableOf(users: readonly UserKeys[], now: Date): string {
  const rows = users.flatMap((user) =>
    user.keys.length === 0
      ? [[user.user, "none", "", "", "", "", "", ""]]
      : user.keys.map((key) => rowOf(user, key, now)),
  );
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: Row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(titles), "-".repeat(72), ...rows.map(line)].join("\n");
}

function rowOf({ user, shared }: UserKeys, key: KnownKey, now: Date): Row {
  const { fingerprint, publicKey, writeOnly, listed } = key;
  const type = isSsh(fingerprint) ? "SSH" : "OpenPGP";
  return [
    user,
    readable(fingerprint),
    `${type} ${publicKey?.algorithm ?? ""}`.trimEnd(),
    writeOnly ? "write-only" : "reading",
    expiryText(key, now),
    atStore(key),
    pinned(key),
    `${listed} of ${shared}`,
  ];
}

function expiryText(key: KnownKey, now: Date): string {
  const { state, expires } = stateOf(key, now);
  if (state !== "usable") return state === "unknown" ? "?" : state.toUpperCase();
  if (expires === null) return "never";
  return timeUntil(expires, now);
}

/** Whether the store gives it, and as what this client has seen before. */
function atStore({ seen }: KnownKey): "yes" | "removed" | "CHANGED" {
  if (seen === null) return "removed";
  const { standing, owner, isHeld } = seen;
  if (owner !== null || standing.is === "reflagged") return "CHANGED";
  return standing.is === "changed" && !isHeld ? "CHANGED" : "yes";
}

function pinned({ pin }: KnownKey): "own" | "trusted" | "confirmed" | "first use" | "not pinned" {
  if (pin === null) return "not pinned";
  if (pin.source !== "first-use") return pin.source;
  return pin.confirmed ? "confirmed" : "first use";
}

export function asJson(users: readonly UserKeys[], now: Date): object {
  return users.map(({ user, active, shared, waiting, stale, fault, keys }) => ({
    user,
    active,
    machines: shared,
    waiting,
    stale,
    ...(fault === null ? {} : { fault }),
    keys: keys.map((key) => {
      const { state, expires } = stateOf(key, now);
      return {
        fingerprint: key.fingerprint,
        algorithm: key.publicKey?.algorithm ?? null,
        writeOnly: key.writeOnly,
        state,
        expires: expires?.toISOString() ?? null,
        atStore: atStore(key).toLowerCase(),
        pinned: pinned(key),
        machines: key.listed,
      };
    }),
  }));
}
