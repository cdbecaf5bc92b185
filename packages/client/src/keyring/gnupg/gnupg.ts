import { type Fingerprint, isSsh, openpgpHex, readable } from "@pstore/core/fingerprint";
import type { SignedText } from "@pstore/core/keys/signature";
import { splitPackets } from "@pstore/core/openpgp/packet";
import { Problem } from "@pstore/core/problem";
import { cannotSign } from "../cannot-sign.ts";
import type { Keyring, PrivateKey } from "../keyring.ts";
import { type Environment, finish, type Gpg, GpgProgram } from "./program.ts";
import { parseSecretKeys, reasonOf } from "./status.ts";
import { messageOf, unwrapped } from "./wrapped.ts";

// To a pipe, never to a file: gpg removes what it could not finish, even a device.
const unwrapping = ["--show-session-key", "--output", "-", "--decrypt"];

/** The private keys of GnuPG: through the user's own agent, pinentry and smartcards. */
export class GnupgKeyring implements Keyring {
  readonly #program: GpgProgram;
  #keys: Promise<readonly PrivateKey[]> | null = null;
  /** A gpg that waits for a wrapped key. */
  #waiting: Gpg | null = null;

  /** @param options `mayAsk: false`: what needs a passphrase that the agent does not hold fails; nobody is asked */
  constructor(env: Environment, { mayAsk = true }: { readonly mayAsk?: boolean } = {}) {
    this.#program = new GpgProgram(env, mayAsk);
  }

  readonly lookedAt = "gpg";

  list(): Promise<readonly PrivateKey[]> {
    this.#keys ??= this.#list();
    return this.#keys;
  }

  async mayHold(key: Fingerprint): Promise<boolean> {
    return !isSsh(key);
  }

  async #list(): Promise<readonly PrivateKey[]> {
    const { stdout } = await this.#program.run(
      ["--list-secret-keys", "--with-colons", "--fixed-list-mode"],
      new Uint8Array(),
    );
    return parseSecretKeys(stdout.toString("utf8"));
  }

  async sign(key: Fingerprint, { text }: Pick<SignedText, "text">): Promise<Uint8Array> {
    const own = (await this.list()).find(({ fingerprint }) => fingerprint === key);
    const [part] = own?.signing ?? [];
    if (part === undefined) {
      throw cannotSign(key, own, "gpg", "import it, or give its file as --identity, or another --user");
    }
    const { status, stdout } = await this.#program.run(
      [
        ...[
          "--no-armor",
          "--no-textmode",
          "--digest-algo",
          "SHA512",
          "--no-ask-sig-expire",
          "--default-sig-expire",
          "0",
        ],
        ...["--local-user", `${openpgpHex(part)}!`, "--output", "-", "--detach-sign"],
      ],
      Buffer.from(text),
    );
    // A `local-user` in gpg.conf signs as well: the signatures stand in the order of these lines.
    const made = status.filter(({ keyword }) => keyword === "SIG_CREATED");
    const place = made.findIndex(({ words }) => words.at(-1) === openpgpHex(part));
    const signature = splitPackets(stdout, { code: "bad-signature", what: "what gpg signed" })[place];
    if (signature === undefined) {
      throw new Problem("no-private-key", `gpg did not sign with ${readable(part)}: ${reasonOf(status)}`);
    }
    return signature.whole;
  }

  /** gpg needs some milliseconds to start, in which the server answers. It ends by itself when nothing is asked of it. */
  expectUnwrap(): void {
    try {
      this.#waiting ??= this.#program.start(unwrapping);
    } catch {
      // Nobody waits for an answer here: whoever unwraps is told.
    }
  }

  async unwrap(wrapped: Uint8Array): Promise<Uint8Array | null> {
    const gpg = this.#waiting ?? this.#program.start(unwrapping);
    this.#waiting = null;
    const { status } = await finish(gpg, messageOf(wrapped));
    return unwrapped(status);
  }

  async unwrapAll(
    wrapped: readonly Uint8Array[],
    onEach: () => void,
  ): Promise<readonly (Uint8Array | null)[]> {
    const found = new Map<number, Uint8Array | null>();
    const keep = (place: number, sessionKey: Uint8Array | null) => {
      found.set(place, sessionKey);
      onEach();
    };
    if (wrapped.length > 1) {
      const { unwrapRow } = await import("./row.ts");
      await unwrapRow(this.#program, wrapped, keep);
    }
    for (const [place, one] of wrapped.entries()) if (!found.has(place)) keep(place, await this.unwrap(one));
    return wrapped.map((_, place) => found.get(place) ?? null);
  }
}
