import { readable } from "@pstore/core/fingerprint";
import type { UserKey } from "@pstore/core/keys/user-key";
import { asciiLine } from "@pstore/core/visible";
import { daysLeft, shownAlgorithm } from "../services/key-facts.ts";
import type { CheckedKey } from "../services/keys.ts";

/** A registered key as `key add` prints it. */
export function describeKey(user: string, { publicKey, encrypts }: CheckedKey, now: Date): string {
  const rows: [string, string][] = [
    ["user", user],
    ["type", typeOf(publicKey)],
    ["algorithm", shownAlgorithm(publicKey)],
    ["fingerprint", readable(publicKey.fingerprint)],
    ...publicKey.userIds.map((id): [string, string] => [
      publicKey.type === "ssh" ? "comment" : "user id",
      asciiLine(id),
    ]),
    ["expires", describeExpiry(encrypts?.expires ?? publicKey.expires, now)],
    [
      "encrypts",
      encrypts === null
        ? "no: write-only, it signs in and writes"
        : `with ${encrypts.algorithm} ${readable(encrypts.fingerprint)}`,
    ],
  ];
  return rows.map(([title, text]) => `${title.padEnd(13)}${text}\n`).join("");
}

/** The type of a key, for people. */
export function typeOf({ type }: Pick<UserKey, "type">): string {
  return type === "ssh" ? "SSH" : "OpenPGP";
}

/** A date; with a warning when it is within 90 days. */
export function describeExpiry(expires: Date | null, now: Date): string {
  if (expires === null) return "never";
  const date = expires.toISOString().slice(0, 10);
  const days = daysLeft(expires, now);
  if (days === null) return date;
  if (days === 0) return `${date} (EXPIRED)`;
  return `${date} (in ${days} ${days === 1 ? "day" : "days"}: have it extended, and add it again)`;
}
