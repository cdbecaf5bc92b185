import type { User } from "@pstore/core/api/schemas";
import { isPending } from "@pstore/core/checks";
import type { Fingerprint } from "@pstore/core/fingerprint";
import { signingParts } from "@pstore/core/keys/usability";
import type { UserKey } from "@pstore/core/keys/user-key";
import type { Manifest } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Keyring } from "../../keyring/keyring.ts";
import type { Pins } from "../../state/pins.ts";
import type { Trust } from "../trust/trust.ts";

/** Why the user here cannot change who an object is encrypted to. */
export type Obstacle =
  | { readonly is: "reader" | "waits" | "write-only" }
  /** Of the keys that are listed for the user, none will do: gone from the store, ended, or not here. */
  | { readonly is: "removed" | "ended" | "elsewhere"; readonly keys: readonly Fingerprint[] };

/** With which of their keys the user here can change who objects are encrypted to. */
export class Signers {
  readonly #user: string;
  /** Those that sign now, and whose private part is here, in the order in which they are tried. */
  readonly #usable: readonly Fingerprint[];
  /** Those at the store. */
  readonly #present: ReadonlyMap<Fingerprint, "ended" | "good">;

  private constructor(
    user: string,
    usable: readonly Fingerprint[],
    present: ReadonlyMap<Fingerprint, "ended" | "good">,
  ) {
    this.#user = user;
    this.#usable = usable;
    this.#present = present;
  }

  /** @param self what the server gives of the user here */
  static async of(self: User, parts: { trust: Trust; keyring: Keyring; pins: Pins }): Promise<Signers> {
    const { trust, keyring, pins } = parts;
    const seen = await trust.look({ ...self, keys: self.keys.filter((key) => !key.removed) });
    const present = new Map(
      seen.map(({ key, publicKey }) => [key.fingerprint, signsNow(publicKey) ? "good" : "ended"] as const),
    );
    const own = pins.ownOf(self.name).map(({ fingerprint }) => fingerprint);
    const held = (await keyring.list(own)).filter((key) => key.signing.length > 0);
    const usable = own.filter(
      (key) => present.get(key) === "good" && held.some(({ fingerprint }) => fingerprint === key),
    );
    return new Signers(self.name, usable, present);
  }

  /** The key to sign with, or why there is none. */
  for({ members }: Manifest): Fingerprint | Obstacle {
    const self = members.get(this.#user);
    if (self?.access !== "write") return { is: "reader" };
    if (isPending(self)) return { is: "waits" };
    const listed = [...self.keys].filter(([, part]) => part !== null).map(([key]) => key);
    if (listed.length === 0) return { is: "write-only" };
    const signer = this.#usable.find((key) => listed.includes(key));
    if (signer !== undefined) return signer;
    const present = listed.filter((key) => this.#present.has(key));
    if (present.length === 0) return { is: "removed", keys: listed };
    const good = present.filter((key) => this.#present.get(key) === "good");
    return good.length > 0 ? { is: "elsewhere", keys: good } : { is: "ended", keys: present };
  }
}

function signsNow(publicKey: UserKey): boolean {
  try {
    return signingParts(publicKey, new Date(), "").length > 0;
  } catch (error) {
    if (error instanceof Problem) return false;
    throw error;
  }
}
