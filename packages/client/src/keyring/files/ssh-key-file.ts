import { type Fingerprint, isSsh, readable } from "@pstore/core/fingerprint";
import type { SignedText } from "@pstore/core/keys/signature";
import type { Member } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import { readAgeFile, tagOf } from "@pstore/core/ssh/age-file";
import {
  type LockedSshKey,
  readSshPrivateKey,
  type SshPrivateKey,
  WrongPassphrase,
} from "@pstore/core/ssh/private-key";
import type { SshKey } from "@pstore/core/ssh/public-key";
import { signedData, sshsigBlob, verifySshsig } from "@pstore/core/ssh/sshsig";
import { cannotSign } from "../cannot-sign.ts";
import type { Keyring, PrivateKey } from "../keyring.ts";
import { oneByOne } from "../one-by-one.ts";
import { isForSsh } from "../wrapped-form.ts";
import { another, inFile, type KeyFile } from "./key-file.ts";
import type { Passphrases } from "./passphrases.ts";
import { forShell } from "./private-file.ts";
import { readPublicFile } from "./public-file.ts";
import type { SshAgent } from "./ssh-agent.ts";

/** What a key file needs beside itself. */
export interface SshHelp {
  readonly passphrases: Passphrases;
  /** null where there is none */
  readonly agent: SshAgent | null;
}

/** An SSH key in a file of OpenSSH. What only signs needs no passphrase where an ssh-agent holds the key. */
export class SshKeyFile implements Keyring {
  readonly lookedAt: string;
  readonly #path: string;
  readonly #locked: LockedSshKey;
  readonly #passphrases: Passphrases;
  readonly #agent: SshAgent | null;
  #beside: Promise<SshKey | null> | null = null;
  #unlocking: Promise<SshPrivateKey> | null = null;
  #isUsed = false;

  /** @throws Problem `no-private-key` when the file is none of a key that can be used */
  constructor({ shown, path, bytes }: KeyFile, { passphrases, agent }: SshHelp) {
    this.lookedAt = shown;
    this.#path = path;
    this.#passphrases = passphrases;
    this.#agent = agent;
    try {
      this.#locked = readSshPrivateKey(bytes.toString("latin1"));
    } catch (error) {
      throw inFile(shown, error);
    } finally {
      bytes.fill(0);
    }
  }

  /** Whether its public key is known before it is unlocked. */
  async isKnown(): Promise<boolean> {
    return (await this.#publicKey()) !== null;
  }

  async list(): Promise<readonly PrivateKey[]> {
    const key = (await this.#publicKey()) ?? (await this.#unlocked()).publicKey;
    const asks = this.#needsPassphrase && !(await this.#isInAgent(key));
    const comment = (await this.#readBeside())?.userIds ?? [];
    const { fingerprint } = key;
    return [{ fingerprint, signing: [fingerprint], userIds: comment, ...(asks ? { asks } : {}) }];
  }

  async mayHold(fingerprint: Fingerprint): Promise<boolean> {
    if (!isSsh(fingerprint)) return false;
    const key = await this.#publicKey();
    return key === null || key.fingerprint === fingerprint;
  }

  async sign(fingerprint: Fingerprint, { text, purpose }: SignedText): Promise<Uint8Array> {
    const data = Buffer.from(text);
    const known = await this.#publicKey();
    if (known !== null && known.fingerprint !== fingerprint) throw this.#another(known, fingerprint);
    if (known !== null && this.#unlocking === null && this.#needsPassphrase) {
      const inner = await this.#agent?.sign(known, signedData(data, purpose));
      const signature = inner ? sshsigBlob(known, purpose, inner) : null;
      if (signature !== null && isRight(() => verifySshsig(known, data, purpose, signature)))
        return signature;
    }
    const key = await this.#unlocked();
    if (key.publicKey.fingerprint !== fingerprint) throw this.#another(key.publicKey, fingerprint);
    return key.sign(data, purpose);
  }

  expectUnwrap(keys: Member["keys"]): void {
    if (this.#needsPassphrase || ![...keys.values()].some((part) => part !== null && isSsh(part))) return;
    void import("@pstore/core/ssh/wrapped-key");
    this.#unlocked().catch(() => {});
  }

  async unwrap(wrapped: Uint8Array): Promise<Uint8Array | null> {
    if (!isForSsh(wrapped)) return null;
    const known = await this.#publicKey();
    if (known !== null && readAgeFile(wrapped).tag !== tagOf(known.fingerprint)) return null;
    return (await this.#unlocked()).unwrap(wrapped);
  }

  unwrapAll(wrapped: readonly Uint8Array[], onEach: () => void): Promise<readonly (Uint8Array | null)[]> {
    return oneByOne(this, wrapped, onEach);
  }

  get #needsPassphrase(): boolean {
    return this.#locked.isEncrypted;
  }

  /** As the file says it, or else the one beside it: null where neither does. */
  async #publicKey(): Promise<SshKey | null> {
    return this.#locked.publicKey ?? (await this.#readBeside());
  }

  /** The key in FILE.pub, unless the file itself says that it is of another key. */
  #readBeside(): Promise<SshKey | null> {
    this.#beside ??= readPublicFile(`${this.#path}.pub`).then((key) => {
      const own = this.#locked.publicKey;
      return own === null || own.fingerprint === key?.fingerprint ? key : null;
    });
    return this.#beside;
  }

  async #isInAgent(key: SshKey): Promise<boolean> {
    return (await this.#agent?.holds(key)) === true;
  }

  async #unlocked(): Promise<SshPrivateKey> {
    // Whoever was asked and did not know the passphrase is not asked again.
    this.#unlocking ??= this.#unlock();
    const key = await this.#unlocking;
    if (this.#isUsed && this.#needsPassphrase) this.#passphrases.usedAgain();
    this.#isUsed = true;
    return key;
  }

  async #unlock(): Promise<SshPrivateKey> {
    const key = await (this.#needsPassphrase
      ? this.#passphrases.unlock(this.lookedAt, (passphrase) => this.#unlockWith(passphrase))
      : this.#unlockWith(null));
    if (key === null) throw new Error("what has no passphrase cannot have a wrong one");
    const said = await this.#publicKey();
    if (said === null || said.fingerprint === key.publicKey.fingerprint) return key;
    const name = forShell(this.lookedAt);
    throw new Problem(
      "no-private-key",
      `${this.lookedAt}.pub is the public key of another one than ${this.lookedAt}: ssh-keygen -y -f ${name} > ${name}.pub mends it`,
    );
  }

  /** @returns null when the passphrase is wrong */
  async #unlockWith(passphrase: string | null): Promise<SshPrivateKey | null> {
    try {
      return await this.#locked.unlock(passphrase);
    } catch (error) {
      if (error instanceof WrongPassphrase && passphrase !== null) return null;
      throw inFile(this.lookedAt, error);
    }
  }

  #another(key: SshKey, wanted: Fingerprint): Problem {
    return cannotSign(wanted, undefined, this.lookedAt, `it is ${readable(key.fingerprint)}; ${another}`);
  }
}

/** Whether a check passes. */
function isRight(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}
