import { digestOf } from "@pstore/core/digest";
import { readUserKey, type UserKey } from "@pstore/core/keys/user-key";

const kept = 2000;
const cache = new Map<string, UserKey>();

/**
 * The public key in a stored block. Reading one checks its self-signatures, which costs milliseconds, and what is in
 * the same bytes does not change: the last ones are kept. Logins do not come here (see sessions.ts).
 * @throws Problem `unusable-key`
 */
export async function userKeyOf(block: string): Promise<UserKey> {
  const digest = digestOf(block);
  const known = cache.get(digest);
  if (known !== undefined) return known;
  const key = await readUserKey(block);
  for (const oldest of cache.keys()) {
    if (cache.size < kept) break;
    cache.delete(oldest);
  }
  cache.set(digest, key);
  return key;
}
