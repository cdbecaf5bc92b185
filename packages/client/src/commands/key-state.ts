import { encryptionSubkey, signingParts, whyUnusable } from "@pstore/core/keys/usability";
import { Problem } from "@pstore/core/problem";
import type { KnownKey } from "../store/key-list.ts";

/** What a key is good for now. */
export interface KeyState {
  /** `unknown`: the key itself is neither at the store nor pinned here. */
  readonly state: "usable" | "expired" | "revoked" | "unusable" | "unknown";
  /** When it stops to be usable, or did. */
  readonly expires: Date | null;
}

/** What a key is good for: to be encrypted to, or to sign where it is write-only. */
export function stateOf(
  { publicKey, writeOnly }: Pick<KnownKey, "publicKey" | "writeOnly">,
  now: Date,
): KeyState {
  if (publicKey === null) return { state: "unknown", expires: null };
  try {
    const part = writeOnly ? signingParts(publicKey, now, "")[0] : encryptionSubkey(publicKey, now, "");
    return { state: "usable", expires: part?.expires ?? null };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
  if (publicKey.revoked) return { state: "revoked", expires: publicKey.expires };
  const parts = writeOnly ? publicKey.signing : publicKey.encrypting;
  const last = parts.findLast((part) => !part.revoked && part.unsuitable === null);
  const expires = last?.expires ?? publicKey.expires;
  const isExpired =
    expires !== null && expires <= now && (last === undefined || whyUnusable(last, now) !== null);
  if (isExpired) return { state: "expired", expires };
  return { state: parts.some(({ revoked }) => revoked) ? "revoked" : "unusable", expires };
}
