import type { PublicKey } from "@pstore/core/api/schemas";
import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import { readUserKey, type UserKey } from "@pstore/core/keys/user-key";
import { Problem } from "@pstore/core/problem";
import type { Pin } from "../state/pins.ts";

/** A public key of the user here. */
export interface OwnKey {
  readonly fingerprint: Fingerprint;
  readonly writeOnly: boolean;
  /** `null`: it cannot be read. */
  readonly publicKey: UserKey | null;
  /** Why it cannot be read. */
  readonly problem: unknown;
  /** Whether its private part is here. */
  readonly isHere: boolean;
}

/**
 * The keys that the store has for a user, without those that were removed.
 * @param held whose private part is here
 */
export async function keysAsServed(
  served: readonly PublicKey[],
  held: readonly Fingerprint[],
): Promise<readonly OwnKey[]> {
  const present = served.filter(({ removed }) => !removed);
  return readAll(
    present.map((key) => ({ ...key, bytes: key.publicKey ?? "" })),
    held,
  );
}

/** The keys that are pinned as a user's. */
export async function keysAsPinned(
  pins: readonly Pin[],
  held: readonly Fingerprint[],
): Promise<readonly OwnKey[]> {
  return readAll(
    pins.map((pin) => ({ ...pin, bytes: pin.certificate })),
    held,
  );
}

interface Unread {
  readonly fingerprint: Fingerprint;
  readonly writeOnly: boolean;
  readonly bytes: string | Uint8Array;
}

function readAll(keys: readonly Unread[], held: readonly Fingerprint[]): Promise<readonly OwnKey[]> {
  return Promise.all(
    keys.map(async ({ fingerprint, writeOnly, bytes }) => {
      const own = { fingerprint, writeOnly, isHere: held.includes(fingerprint) };
      try {
        return { ...own, publicKey: await read(fingerprint, bytes), problem: null };
      } catch (problem) {
        return { ...own, publicKey: null, problem };
      }
    }),
  );
}

async function read(fingerprint: Fingerprint, bytes: string | Uint8Array): Promise<UserKey> {
  const publicKey = await readUserKey(bytes);
  if (publicKey.fingerprint === fingerprint) return publicKey;
  throw new Problem(
    "untrusted-server",
    `another key is given than the one that is named, ${readable(fingerprint)}; ask who runs the server`,
  );
}
