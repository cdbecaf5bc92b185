import { readable } from "@pstore/core/fingerprint";
import { Problem } from "@pstore/core/problem";
import type { Context } from "./command.ts";

/** `pstore --trust USER`: pins the keys that the server has for a user, after showing them. */
export async function trust({ store, person }: Context, name: string): Promise<void> {
  const user = await store.user(name);
  const keys = user.keys.filter((key) => !key.removed);
  if (keys.length === 0)
    throw new Problem("not-found", `${name} has no public key at the store; ask an admin to add one`);
  const pinned = store.pinned(name);
  for (const fingerprint of pinned) person.notice(`pinned so far for ${name}: ${readable(fingerprint)}`);
  for (const key of keys) {
    const kind = key.writeOnly ? ", write-only" : "";
    person.notice(`the store gives for ${name}: ${readable(key.fingerprint)}${kind}`);
  }
  if (
    !(await person.confirm(
      `Trust ${keys.length === 1 ? "this key" : `these ${keys.length} keys`} as ${name}'s?`,
    ))
  ) {
    throw new Problem("untrusted-key", `the keys of ${name} were not confirmed; nothing was pinned`);
  }
  await store.trust({ ...user, keys });
}
