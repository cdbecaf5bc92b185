import { isPending, reads } from "@pstore/core/checks";
import { readable } from "@pstore/core/fingerprint";
import type { Member } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Api } from "../../http/api.ts";
import { anyOf, lettersInOf, waits } from "../waiting.ts";
import type { Source } from "./source.ts";

interface Circumstances {
  readonly api: Pick<Api, "users">;
  readonly user: string;
  /** Where private keys were looked for. */
  readonly lookedAt: string;
}

/** Why nothing that was given for a value could be unwrapped here, and what to do. */
export async function noSessionKey(source: Source, { api, user, lookedAt }: Circumstances): Promise<Problem> {
  const { manifest, detail, property } = source;
  const what = `'${property}' of '${manifest.object.name}'`;
  const self = manifest.members.get(user);
  if (self !== undefined && isPending(self)) return waits(manifest);
  if (self !== undefined && !reads(self))
    return new Problem("no-private-key", `your key is write-only: it may set ${what}, but not read it`);
  const writers = lettersInOf(manifest).filter((name) => name !== user);
  const remedy = `have ${anyOf(writers) || "a colleague"} run pstore --rewrap=${user}`;
  const isGiven = detail.wrappedKeys.some((wrapped) => wrapped.property === property);
  if (self === undefined || isGiven) {
    return new Problem(
      "no-private-key",
      `${what} is not encrypted to any private key here (looked at: ${lookedAt}); use the machine that has your key, or give --identity; if it is lost, ${remedy}`,
    );
  }
  const gone = await whatIsGone(api, user, self);
  return gone === null
    ? new Problem(
        "untrusted-server",
        `the server withholds your wrapped key of ${what}; ask who runs the server`,
      )
    : new Problem(
        "no-private-key",
        `${what} is encrypted to your key ${gone}, which was removed at the store; ${remedy}`,
      );
}

/** The keys that are listed for a user, where the server has none of them any more: for these, it gives nothing. */
async function whatIsGone(api: Circumstances["api"], user: string, self: Member): Promise<string | null> {
  const { users } = await api.users([user]);
  const present = users
    .flatMap(({ keys }) => keys.filter((key) => !key.removed))
    .map((key) => key.fingerprint);
  const listed = [...self.keys].filter(([, part]) => part !== null).map(([key]) => key);
  return listed.some((key) => present.includes(key)) ? null : listed.map(readable).join(" and ");
}
