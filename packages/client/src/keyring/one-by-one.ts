import type { Keyring } from "./keyring.ts";

/** `unwrapAll` of a keyring to which several at a time are no quicker than one behind the other. */
export async function oneByOne(
  keyring: Pick<Keyring, "unwrap">,
  wrapped: readonly Uint8Array[],
  onEach: () => void,
): Promise<readonly (Uint8Array | null)[]> {
  const found: (Uint8Array | null)[] = [];
  for (const one of wrapped) {
    found.push(await keyring.unwrap(one));
    onEach();
  }
  return found;
}
