import type { Failure } from "./failure.ts";
import type { Transport } from "./transport.ts";

/** An answer that has broken off. */
export interface BrokenOff {
  readonly error: Failure;
  /** How many of its bytes have come. */
  readonly got: number;
  /** Asks for all of it anew. */
  open(): Promise<AsyncIterable<Uint8Array>>;
}

/**
 * The bytes of an answer behind those that have come, by asking for all of it again: what is named by its revision never
 * changes, and whoever reads checks each piece.
 * @throws Problem when it cannot be had
 */
export async function goneOn(
  transport: Transport,
  { error, got, open }: BrokenOff,
): Promise<AsyncIterable<Uint8Array>> {
  let isFirst = true;
  return await transport.repeating(async () => {
    if (isFirst) {
      isFirst = false;
      throw error;
    }
    return await behind(await open(), got);
  });
}

/** What comes behind so many bytes, which are read here. */
async function behind(bytes: AsyncIterable<Uint8Array>, got: number): Promise<AsyncIterable<Uint8Array>> {
  const iterator = bytes[Symbol.asyncIterator]();
  let left = got;
  for (;;) {
    const next = await iterator.next();
    // Whoever reads on finds out that it is too short.
    if (next.done) return rest(new Uint8Array(), iterator);
    if (next.value.length > left) return rest(next.value.subarray(left), iterator);
    left -= next.value.length;
  }
}

async function* rest(first: Uint8Array, iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield first;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}
