import { type Fingerprint, isSsh, readable } from "@pstore/core/fingerprint";
import type { SignedText } from "@pstore/core/keys/signature";
import { signingParts } from "@pstore/core/keys/usability";
import type { Member } from "@pstore/core/manifest";
import type { OpenpgpPrivateKey, PrivatePart } from "@pstore/core/openpgp/private-key";
import { Problem } from "@pstore/core/problem";
import { cannotSign } from "../cannot-sign.ts";
import type { Keyring, PrivateKey } from "../keyring.ts";
import { oneByOne } from "../one-by-one.ts";
import { isForSsh } from "../wrapped-form.ts";
import { another, inFile, type KeyFile } from "./key-file.ts";
import type { Passphrases } from "./passphrases.ts";

/** An OpenPGP secret key in a file, used without GnuPG. */
export class OpenpgpKeyFile implements Keyring {
  readonly lookedAt: string;
  readonly #passphrases: Passphrases;
  readonly #bytes: Buffer;
  #key: Promise<OpenpgpPrivateKey> | null = null;
  /** The parts that a passphrase has unlocked. */
  readonly #unlocked = new Map<Fingerprint, Promise<PrivatePart>>();

  constructor({ shown, bytes }: KeyFile, passphrases: Passphrases) {
    this.lookedAt = shown;
    this.#bytes = bytes;
    this.#passphrases = passphrases;
  }

  async list(): Promise<readonly PrivateKey[]> {
    return [await this.#describe()];
  }

  async mayHold(fingerprint: Fingerprint): Promise<boolean> {
    return !isSsh(fingerprint) && (await this.#read()).certificate.fingerprint === fingerprint;
  }

  async sign(fingerprint: Fingerprint, { text }: Pick<SignedText, "text">): Promise<Uint8Array> {
    const own = await this.#describe();
    const [signer] = own.signing;
    if (own.fingerprint !== fingerprint || signer === undefined)
      throw cannotSign(
        fingerprint,
        own.fingerprint === fingerprint ? own : undefined,
        this.lookedAt,
        another,
      );
    const part = await this.#unlock(await this.#part((one) => one.fingerprint === signer));
    return this.#named(() => part.sign(Buffer.from(text)));
  }

  expectUnwrap(keys: Member["keys"]): void {
    if ([...keys.values()].some((part) => part !== null && !isSsh(part))) this.#read().catch(() => {});
  }

  async unwrap(wrapped: Uint8Array): Promise<Uint8Array | null> {
    if (isForSsh(wrapped)) return null;
    const { parts } = await this.#read();
    const meant = parts.filter((part) => part.isFor(wrapped));
    const here = meant.find(({ missing }) => missing === null);
    const [first] = meant;
    if (first === undefined) return null;
    if (here === undefined) throw this.#missing(first);
    return (await this.#unlock(here)).unwrap(wrapped);
  }

  unwrapAll(wrapped: readonly Uint8Array[], onEach: () => void): Promise<readonly (Uint8Array | null)[]> {
    return oneByOne(this, wrapped, onEach);
  }

  #read(): Promise<OpenpgpPrivateKey> {
    this.#key ??= this.#named(async () => {
      const { readOpenpgpPrivateKey } = await import("@pstore/core/openpgp/private-key");
      // The executable starts with a compiler that holds back; private-key operations are what it is for.
      Bun.unsafe.setJITPolicy(1);
      return await readOpenpgpPrivateKey(this.#bytes).finally(() => this.#bytes.fill(0));
    });
    return this.#key;
  }

  async #describe(): Promise<PrivateKey> {
    const { certificate, parts } = await this.#read();
    const { fingerprint, userIds, revoked, expires } = certificate;
    const now = new Date();
    if (revoked) return { fingerprint, signing: [], userIds, fault: "revoked" };
    if (expires !== null && expires <= now) return { fingerprint, signing: [], userIds, fault: "expired" };
    const here = parts.filter(({ missing }) => missing === null);
    const signing = usableToSign(certificate, now).filter((part) =>
      here.some((one) => one.fingerprint === part),
    );
    const [signer] = signing;
    const asks = here.find((part) => part.fingerprint === signer)?.isLocked === true;
    return { fingerprint, signing, userIds, ...(asks ? { asks } : {}) };
  }

  async #part(is: (part: PrivatePart) => boolean): Promise<PrivatePart> {
    const part = (await this.#read()).parts.find(is);
    if (part === undefined) throw new Error("a part that was listed is not there");
    return part;
  }

  /** The part, ready for use. */
  async #unlock(part: PrivatePart): Promise<PrivatePart> {
    if (part.isLocked) {
      const unlocking = this.#unlocked.get(part.fingerprint) ?? this.#ask(part);
      this.#unlocked.set(part.fingerprint, unlocking);
      return unlocking;
    }
    if (this.#unlocked.has(part.fingerprint)) this.#passphrases.usedAgain();
    return part;
  }

  #ask(part: PrivatePart): Promise<PrivatePart> {
    return this.#passphrases.unlock(this.lookedAt, (passphrase) =>
      this.#named(async () => ((await part.unlock(passphrase)) ? part : null)),
    );
  }

  #missing({ fingerprint, missing }: PrivatePart): Problem {
    return new Problem(
      "no-private-key",
      `the private part of ${readable(fingerprint)} is not in ${this.lookedAt}: ${missing}; use gpg, without --identity, or a file that holds it`,
    );
  }

  async #named<T>(step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      throw inFile(this.lookedAt, error);
    }
  }
}

/** The parts that may sign now, the newest first; none where the key is not made for it. */
function usableToSign(certificate: OpenpgpPrivateKey["certificate"], now: Date): Fingerprint[] {
  try {
    return signingParts(certificate, now, "").map(({ fingerprint }) => fingerprint);
  } catch {
    return [];
  }
}
