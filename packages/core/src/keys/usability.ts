/** What a public key is good for at a time: which parts encrypt and sign, why not, and how long still. */
import { Problem } from "../problem.ts";
import type { KeyPart, KeyParts } from "./parts.ts";

/** Why a part cannot be used at this time, as the end of "… cannot be used: "; null when it can. */
export function whyUnusable(part: KeyPart, now: Date): string | null {
  if (part.revoked) return "it is revoked";
  if (part.unsuitable !== null) return part.unsuitable;
  if (part.expires !== null && part.expires <= now) return `it is expired since ${day(part.expires)}`;
  // A day of grace, for clocks that are wrong.
  if (part.created.getTime() > now.getTime() + 86_400_000)
    return `it is not valid before ${day(part.created)}`;
  return null;
}

/** As GnuPG shows dates, but in UTC. */
function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/**
 * The part to encrypt to: the newest usable subkey, or the primary key where no subkey is usable.
 * @param whose begins the sentence, for example "joe's key 0123 4567 …"
 * @throws Problem `unusable-key`
 */
export function encryptionSubkey(key: KeyParts, now: Date, whose: string): KeyPart {
  return usableParts(key, key.encrypting, now, whose, "encrypt")[0] as KeyPart;
}

/**
 * All parts that may sign at this time, never none.
 * @param whose begins the sentence, for example "joe's key 0123 4567 …"
 * @throws Problem `unusable-key`
 */
export function signingParts(key: KeyParts, now: Date, whose: string): KeyPart[] {
  return usableParts(key, key.signing, now, whose, "sign");
}

function usableParts(
  { primary }: KeyParts,
  parts: KeyPart[],
  now: Date,
  whose: string,
  verb: string,
): KeyPart[] {
  const whole = whyUnusable(primary, now);
  if (whole !== null) throw new Problem("unusable-key", `${whose} cannot be used: ${whole}`);
  // Newest first; of two of the same second the later one, and the primary key after all subkeys.
  const rank = (part: KeyPart) => (part === primary ? Number.NEGATIVE_INFINITY : part.created.getTime());
  const sorted = [...parts].reverse().sort((a, b) => rank(b) - rank(a));
  const [newest] = sorted;
  if (newest === undefined) {
    const other = verb === "encrypt" ? "sign-only" : "not made for signing";
    throw new Problem("unusable-key", `${whose} cannot be used: it cannot ${verb} (it is ${other})`);
  }
  const usable = sorted.filter((part) => whyUnusable(part, now) === null);
  if (usable.length > 0) return usable;
  const why = whyUnusable(newest, now);
  throw new Problem("unusable-key", `${whose} cannot be used: of its newest part that could ${verb}, ${why}`);
}

/**
 * When a key stops being good for reading, if that is within so many days: the earlier expiry of its
 * primary key and of the part that one would encrypt to now. Null: later, never, or unusable already.
 */
export function expiresWithin(key: KeyParts, days: number, now: Date): Date | null {
  const [part] = key.encrypting.length > 0 ? usableOrNone(key, now) : [key.primary];
  // A part's own expiry is never behind that of its primary key.
  const expires = part?.expires ?? null;
  if (expires === null || expires <= now) return null;
  return expires.getTime() - now.getTime() <= days * 86_400_000 ? expires : null;
}

function usableOrNone(key: KeyParts, now: Date): KeyPart[] {
  try {
    return [encryptionSubkey(key, now, "")];
  } catch {
    return [];
  }
}
