import { readable } from "@pstore/core/fingerprint";
import type { UserKey } from "@pstore/core/keys/user-key";
import { asciiLine } from "@pstore/core/visible";
import type { CheckedKey } from "../services/keys.ts";

const warnedDays = 90;
const day = 86_400_000;

/** A registered key as `key add` prints it. */
export function describeKey(user: string, { publicKey, encrypts }: CheckedKey, now: Date): string {
  const rows: [string, string][] = [
    ["user", user],
    ["type", typeOf(publicKey)],
    ["algorithm", algorithmOf(publicKey)],
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

/** As `ssh-keygen -l` counts the bits of an SSH key. */
function algorithmOf(key: UserKey): string {
  if (key.type === "openpgp") return key.algorithm;
  const bits = key.algorithmName === "ssh-rsa" ? key.algorithm.slice("rsa".length) : "256";
  return `${key.algorithmName}, ${bits} bits`;
}

/** A date; with a warning when it is within 90 days. */
export function describeExpiry(expires: Date | null, now: Date): string {
  if (expires === null) return "never";
  const date = expires.toISOString().slice(0, 10);
  const left = expires.getTime() - now.getTime();
  if (left <= 0) return `${date} (EXPIRED)`;
  if (left > warnedDays * day) return date;
  const days = Math.ceil(left / day);
  return `${date} (in ${days} ${days === 1 ? "day" : "days"}: have it extended, and add it again)`;
}
