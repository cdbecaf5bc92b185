import type { StoredObject } from "./reader.ts";

/** A value in clear, all of it, once all of it was checked. */
export async function whole(object: StoredObject, property: string): Promise<Buffer> {
  return Buffer.concat(await pieces(object, property));
}

/** The same in the pieces in which it came: a large one need not be there twice. */
export async function pieces(object: StoredObject, property: string): Promise<readonly Uint8Array[]> {
  const held: Uint8Array[] = [];
  for await (const piece of object.value(property)) held.push(piece);
  return held;
}
