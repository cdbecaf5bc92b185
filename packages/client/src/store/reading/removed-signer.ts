import { readable } from "@pstore/core/fingerprint";
import type { Manifest } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import { anyOf, lettersInOf } from "../waiting.ts";

/** A revision is signed with a key that was removed at the store, and that this client has never seen. */
export class RemovedSigner extends Problem {
  /** What is wrong, without the name of the object: it may be so with many. */
  readonly common: string;

  /**
   * @param manifest of which nothing is verified: whom to ask is no more than its word
   * @param self who cannot do it, for not knowing the key
   */
  constructor(manifest: Pick<Manifest, "author" | "object" | "members">, self: string) {
    const { author, object, members } = manifest;
    const { user, key } = author;
    const hasOther = [...(members.get(user)?.keys.keys() ?? [])].some((listed) => listed !== key);
    const others = lettersInOf({ members }).filter((name) => name !== user && name !== self);
    const own = hasOther && user !== self ? `ask ${user} to run pstore --rewrap once more` : null;
    const again = `if its private part is left anywhere, have that key added again (pstore-server key add ${user} FILE)`;
    const remedy =
      others.length > 0
        ? `ask ${anyOf(others)} to sign it anew with pstore --rewrap=${user}`
        : (own ??
          `nobody else could sign it anew: ${again}, else it is lost, and can be neither changed nor deleted`);
    const common = `last changed with a key of ${user}, ${readable(key)}, that was removed at the store and that this client does not know; ${remedy}`;
    super("untrusted-key", `'${object.name}' was ${common}`);
    this.common = common;
  }
}
