import { dearmor } from "../openpgp/armor.ts";
import { beginsLikeSsh } from "../ssh/text.ts";

/** The bytes of a stored public key (as `writeUserKey` made it), without a look at what they say. */
export function bytesOfKey(block: string): Uint8Array {
  return beginsLikeSsh(block) ? Buffer.from(block.split(" ")[1] ?? "", "base64") : dearmor(block);
}
