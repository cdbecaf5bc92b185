import { mergeUserKeys, type UserKey } from "@pstore/core/keys/user-key";
import type { Pin } from "../../state/pins.ts";

/** A public key, pinned. */
export function pinOf(publicKey: UserKey, about: Omit<Pin, "fingerprint" | "certificate" | "expires">): Pin {
  const { fingerprint, bytes } = publicKey;
  return { ...about, fingerprint, certificate: bytes, expires: expiryOf(publicKey) };
}

/** What is pinned, with what another copy of the same key says beyond that. */
export async function merged(pin: Pin, pinned: UserKey, other: UserKey): Promise<Pin> {
  if (Buffer.compare(pin.certificate, other.bytes) === 0) return pin;
  const both = await mergeUserKeys(pinned, other);
  if (Buffer.compare(pin.certificate, both.bytes) === 0) return pin;
  return { ...pin, certificate: both.bytes, expires: expiryOf(both) };
}

/** The earliest time at which the primary key or all parts that one could encrypt to have expired. */
function expiryOf(publicKey: UserKey): number | null {
  const parts = publicKey.encrypting.filter((part) => !part.revoked && part.unsuitable === null);
  const last =
    parts.length === 0
      ? null
      : Math.max(...parts.map((part) => part.expires?.getTime() ?? Number.POSITIVE_INFINITY));
  const earliest = Math.min(
    publicKey.expires?.getTime() ?? Number.POSITIVE_INFINITY,
    last ?? Number.POSITIVE_INFINITY,
  );
  return Number.isFinite(earliest) ? earliest : null;
}
