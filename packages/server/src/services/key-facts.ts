import { type Fingerprint, isSsh, parseFingerprint } from "@pstore/core/fingerprint";
import type { KeyPart } from "@pstore/core/keys/parts";
import { encryptionSubkey, signingParts } from "@pstore/core/keys/usability";
import type { UserKey } from "@pstore/core/keys/user-key";
import { Problem } from "@pstore/core/problem";
import type { PublicKeyTable } from "../database/schema.ts";
import { userKeyOf } from "./user-keys.ts";

/** A key that ends within so many days is warned about. */
export const warnedDays = 90;
const day = 86_400_000;

/** What there is to say of a registered key, without words. */
export interface KeyFacts {
  readonly fingerprint: Fingerprint;
  readonly type: UserKey["type"];
  /** In GnuPG's words, or as `ssh-keygen -l` shows it; empty where the key cannot be read. */
  readonly algorithm: string;
  /** Written by strangers. Of an SSH key, its comment. */
  readonly userIds: readonly string[];
  /** What values are encrypted to; `null` for a write-only key, and for one that is good for nothing. */
  readonly encrypts: KeyPart | null;
  /** When it stops serving: its encryption subkey may expire before it; `null`: never. */
  readonly expires: Date | null;
  /** Why it is good for nothing now. */
  readonly fault: "expired" | "revoked" | "unusable" | null;
}

/** What a row says. A block that this version does not take any more counts as unusable. */
export async function factsOf(row: PublicKeyTable, now: Date): Promise<KeyFacts> {
  const fingerprint = parseFingerprint(row.fingerprint);
  const writeOnly = row.write_only === 1;
  try {
    const key = await userKeyOf(row.block);
    const fault = faultOf(key, writeOnly, now);
    return {
      fingerprint,
      type: key.type,
      algorithm: shownAlgorithm(key),
      userIds: key.userIds,
      encrypts: writeOnly || fault !== null ? null : encryptionSubkey(key, now, ""),
      expires: servesUntil(key, writeOnly, now),
      fault,
    };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const expires = row.expires === null ? null : new Date(row.expires);
    const type = isSsh(fingerprint) ? "ssh" : "openpgp";
    return { fingerprint, type, algorithm: "", userIds: [], encrypts: null, expires, fault: "unusable" };
  }
}

/** Why a key is good for nothing now; `null` when it is not. */
export function faultOf(key: UserKey, writeOnly: boolean, now: Date): KeyFacts["fault"] {
  try {
    if (writeOnly) signingParts(key, now, "");
    else encryptionSubkey(key, now, "");
    return null;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
  const parts = writeOnly ? key.signing : key.encrypting;
  if (key.revoked || parts.every(({ revoked }) => revoked)) return "revoked";
  const hasEnded = ({ expires }: { expires: Date | null }) => expires !== null && expires <= now;
  return hasEnded(key) || parts.some(hasEnded) ? "expired" : "unusable";
}

/** When a key stops serving: its encryption subkey may expire before it. */
export function servesUntil(key: UserKey, writeOnly: boolean, now: Date): Date | null {
  if (writeOnly) return key.expires;
  try {
    return encryptionSubkey(key, now, "").expires;
  } catch {
    return key.encrypting.at(0)?.expires ?? key.expires;
  }
}

/** As `ssh-keygen -l` counts the bits of an SSH key. */
export function shownAlgorithm(key: UserKey): string {
  if (key.type === "openpgp") return key.algorithm;
  const bits = key.algorithmName === "ssh-rsa" ? key.algorithm.slice("rsa".length) : "256";
  return `${key.algorithmName}, ${bits} bits`;
}

/** For how many days more something lasts: 0 or less when it has ended; `null` when that need not be told. */
export function daysLeft(expires: Date | null, now: Date): number | null {
  if (expires === null) return null;
  const left = expires.getTime() - now.getTime();
  if (left <= 0) return 0;
  return left > warnedDays * day ? null : Math.ceil(left / day);
}
