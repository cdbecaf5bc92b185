import type { PublicKey } from "@pstore/core/api/schemas";
import { readable } from "@pstore/core/fingerprint";
import { readUserKey, type UserKey } from "@pstore/core/keys/user-key";
import { Problem } from "@pstore/core/problem";
import type { Pins } from "../../state/pins.ts";

/** A key as the server gives it, read. */
export interface ServedKey {
  readonly user: string;
  readonly key: PublicKey;
  readonly publicKey: UserKey;
}

/** Reads public keys, each once in a command: that is costly. */
export class KeyReader {
  readonly #pins: Pins;
  /** By fingerprint and bytes. */
  readonly #read = new Map<string, Promise<UserKey>>();

  constructor(pins: Pins) {
    this.#pins = pins;
  }

  /** @throws Problem `untrusted-server` when it is another key than the server says, or none */
  async served(user: string, key: PublicKey): Promise<ServedKey> {
    const publicKey = await this.read(key.publicKey ?? this.#pinnedBlock(user, key), user);
    if (publicKey.fingerprint !== key.fingerprint) {
      throw new Problem(
        "untrusted-server",
        `the server gave another key for ${user} than the one it names (${readable(key.fingerprint)}); nothing was done`,
      );
    }
    return { user, key, publicKey };
  }

  /** @param input as `readUserKey` takes it */
  read(input: string | Uint8Array, owner?: string): Promise<UserKey> {
    const text = typeof input === "string" ? input : Buffer.from(input).toString("base64");
    const read = this.#read.get(text) ?? readAnew(input, owner);
    this.#read.set(text, read);
    return read;
  }

  /** What is here of a key that the server did not send, because it was told that it need not. */
  #pinnedBlock(user: string, key: PublicKey): Uint8Array {
    const pin = this.#pins.ofUser(user).find((one) => one.fingerprint === key.fingerprint);
    if (pin !== undefined) return pin.certificate;
    throw new Problem(
      "untrusted-server",
      `the server does not give the key ${readable(key.fingerprint)} of ${user}; nothing was done`,
    );
  }
}

/**
 * How far the compiler goes for public-key operations, as a multiple of JavaScriptCore's thresholds. The executable starts
 * with one that holds back (scripts/build.mjs). At its usual pace, 1, it spends on a few keys a third of a writing command
 * on what is not used again; at 4, hundreds of keys are read no slower.
 */
const compilerPace = 4;

async function readAnew(input: string | Uint8Array, owner?: string): Promise<UserKey> {
  Bun.unsafe.setJITPolicy(compilerPace);
  return readUserKey(input, owner);
}
