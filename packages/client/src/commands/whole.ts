import type { StoredObject } from "../store/store.ts";

/** A value in clear, all of it, once all of it was checked. */
export async function whole(object: StoredObject, property: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of object.value(property)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
