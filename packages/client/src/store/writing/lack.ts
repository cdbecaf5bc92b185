import type { KeyParts } from "@pstore/core/keys/parts";

/** Why somebody has no usable key, as far as this client knows. */
export type Lack =
  | { readonly is: "no-key" | "removed" | "revoked" | "useless" }
  /** With the date, in UTC. */
  | { readonly is: "expired"; readonly on: string };

/** Why nothing can be encrypted to a key that the store has. */
export function lackOf({ primary, encrypting }: KeyParts, now: Date): Lack {
  const [newest = primary] = encrypting.toSorted((a, b) => b.created.getTime() - a.created.getTime());
  for (const { revoked, expires } of [primary, newest]) {
    if (revoked) return { is: "revoked" };
    if (expires !== null && expires <= now) return { is: "expired", on: expires.toISOString().slice(0, 10) };
  }
  return { is: "useless" };
}

/** The same behind the names of some for whom it is so: "…, who has no key at the store yet, …". */
export function lackText(lack: Lack, isOfOne: boolean): string {
  const keys = isOfOne ? "key" : "keys";
  switch (lack.is) {
    case "no-key":
      return `who ${isOfOne ? "has" : "have"} no key at the store yet`;
    case "removed":
      return `whose ${keys} ${isOfOne ? "was" : "were"} removed from the store`;
    case "revoked":
      return `whose ${keys} ${isOfOne ? "is" : "are"} revoked`;
    case "expired":
      return `whose ${keys} expired on ${lack.on}`;
    case "useless":
      return `whose ${keys} cannot be used`;
  }
}
