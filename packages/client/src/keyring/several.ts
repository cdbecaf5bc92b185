import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import type { SignedText } from "@pstore/core/keys/signature";
import type { Member } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Keyring, PrivateKey } from "./keyring.ts";
import { oneByOne } from "./one-by-one.ts";

/** Several keyrings as one, of which no more are opened than it takes to find a key. */
export abstract class Several implements Keyring {
  abstract readonly lookedAt: string;

  /** The keyrings, each opened once, and only when it is asked for. */
  protected abstract opened(): AsyncIterable<Keyring>;

  async list(): Promise<readonly PrivateKey[]> {
    const keys: PrivateKey[] = [];
    for await (const keyring of this.opened()) keys.push(...(await keyring.list()));
    return keys;
  }

  async mayHold(key: Fingerprint): Promise<boolean> {
    for await (const keyring of this.opened()) if (await keyring.mayHold(key)) return true;
    return false;
  }

  async sign(key: Fingerprint, signed: SignedText): Promise<Uint8Array> {
    let fault: Problem | null = null;
    for await (const keyring of this.opened()) {
      if (!(await keyring.mayHold(key))) continue;
      try {
        return await keyring.sign(key, signed);
      } catch (error) {
        // Of some files it shows only when they are unlocked that they hold another key.
        if (!(error instanceof Problem) || error.code !== "no-private-key") throw error;
        fault ??= error;
      }
    }
    if (fault !== null) throw fault;
    throw new Problem(
      "no-private-key",
      `no key file here holds a usable private key to sign with for ${readable(key)} (looked at: ${this.lookedAt}); give its file as --identity`,
    );
  }

  expectUnwrap(keys: Member["keys"]): void {
    this.#expect(keys).catch(() => {});
  }

  async #expect(keys: Member["keys"]): Promise<void> {
    for await (const keyring of this.opened()) {
      for (const key of keys.keys()) if (await keyring.mayHold(key)) return keyring.expectUnwrap(keys);
    }
  }

  async unwrap(wrapped: Uint8Array): Promise<Uint8Array | null> {
    for await (const keyring of this.opened()) {
      const sessionKey = await keyring.unwrap(wrapped);
      if (sessionKey !== null) return sessionKey;
    }
    return null;
  }

  unwrapAll(wrapped: readonly Uint8Array[], onEach: () => void): Promise<readonly (Uint8Array | null)[]> {
    return oneByOne(this, wrapped, onEach);
  }
}
