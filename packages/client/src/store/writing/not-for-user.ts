import { readersOf } from "@pstore/core/checks";
import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import type { Manifest } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Api } from "../../http/api.ts";
import { anyOf } from "../waiting.ts";

/**
 * Why the server gives nothing of an older value that is encrypted to the user here, and who could bring it back: who read
 * it with a key that is still at the store, and may write now.
 */
export async function notForUser(
  old: Manifest,
  now: Manifest,
  property: string,
  { api, user }: { readonly api: Pick<Api, "users">; readonly user: string },
): Promise<Problem> {
  const others = readersOf(old.members).filter(
    (name) => name !== user && now.members.get(name)?.access === "write",
  );
  const { users } = await api.users([user, ...others]);
  // What a key has lost, it does not get back: wrapped keys go with the revision that no longer lists it.
  const isLeft = (name: string, key: Fingerprint) =>
    now.members.get(name)?.keys.has(key) === true &&
    users.some(
      (one) =>
        one.name === name &&
        one.active &&
        one.keys.some(({ fingerprint, removed }) => fingerprint === key && !removed),
    );
  const able = others.filter((name) => readingKeys(old, name).some((key) => isLeft(name, key)));
  const own = readingKeys(old, user);
  const lost = own.length > 0 && own.every((key) => !isLeft(user, key));
  const why = lost
    ? `was encrypted to your key ${own.map(readable).join(" and ")}, which was removed since, and older values are not encrypted anew`
    : "was not encrypted to you then";
  const again = own.filter((key) => now.members.get(user)?.keys.has(key) === true);
  const ways = [
    ...(able.length === 0 ? [] : [`ask ${anyOf(able)}`]),
    ...(lost && again.length > 0 ? [`have that key added again (pstore-server key add ${user} FILE)`] : []),
  ];
  return new Problem(
    "not-found",
    `'${property}' of '${now.object.name}' ${why}, and only who could read it can bring it back; ${ways.join(", or ") || "nobody is left who could"}`,
  );
}

function readingKeys({ members }: Manifest, user: string): readonly Fingerprint[] {
  return [...(members.get(user)?.keys ?? [])].filter(([, part]) => part !== null).map(([key]) => key);
}
