import { randomBytes } from "node:crypto";
import type { NewValue } from "@pstore/core/api/schemas";
import { keyCommitment } from "@pstore/core/commitment";
import { type Digest, Measurer } from "@pstore/core/digest";
import { inlineValueSize } from "@pstore/core/limits";
import type { Property } from "@pstore/core/manifest";
import { BodySealer } from "@pstore/core/openpgp/body";
import { Problem } from "@pstore/core/problem";
import type { Api } from "../../http/api.ts";
import type { Person } from "../../person.ts";

/** A new value, sealed (or left public) and on its way: what does not depend on the revision that will name it. */
export interface SealedValue {
  readonly property: string;
  readonly size: number;
  readonly digest: Digest;
  /** What the commit brings, or where the server has it already. */
  readonly content: NewValue;
  /** 32 bytes, fresh for this write; `null` for a public value. */
  readonly sessionKey: Uint8Array | null;
}

/**
 * Seals a value as it comes. A small one stays here until the commit; a large one is uploaded on the way, so that memory
 * does not grow with it.
 */
export async function sealValue(
  parts: { api: Api; person: Person },
  property: string,
  kind: Property["kind"],
  value: AsyncIterable<Uint8Array>,
): Promise<SealedValue> {
  const sessionKey = kind === "encrypted" ? randomBytes(32) : null;
  const stream = sessionKey === null ? value : sealed(sessionKey, value);
  const iterator = stream[Symbol.asyncIterator]();
  const measurer = new Measurer();
  const start: Uint8Array[] = [];
  let held = 0;
  while (held <= inlineValueSize) {
    const next = await iterator.next();
    if (next.done) {
      const bytes = Buffer.concat(start);
      return {
        property,
        ...measurer.final(),
        content: { property, inline: bytes.toString("base64") },
        sessionKey,
      };
    }
    start.push(next.value);
    measurer.update(next.value);
    held += next.value.length;
  }
  const progress = parts.person.progress(property, null);
  progress.advance(held);
  try {
    const stored = await parts.api.upload(
      rest(start, iterator, measurer, (bytes) => progress.advance(bytes)),
    );
    const { size, digest } = measurer.final();
    if (stored.size !== size || stored.digest !== digest) {
      throw new Problem(
        "unavailable",
        `the server did not store '${property}' as it was sent; nothing was changed, try again`,
      );
    }
    return { property, size, digest, content: { property, upload: stored.id }, sessionKey };
  } finally {
    progress.done();
  }
}

async function* rest(
  start: readonly Uint8Array[],
  iterator: AsyncIterator<Uint8Array>,
  measurer: Measurer,
  advance: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  yield* start;
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    measurer.update(next.value);
    advance(next.value.length);
    yield next.value;
  }
}

async function* sealed(sessionKey: Uint8Array, value: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const sealer = new BodySealer(sessionKey);
  for await (const chunk of value) {
    const part = sealer.update(chunk);
    if (part.length > 0) yield part;
  }
  const last = sealer.final();
  if (last.length > 0) yield last;
}

/** What a manifest says of a sealed value at the revision that brings it. */
export function entryFor(
  value: SealedValue,
  place: { store: string; object: string; revision: number },
): Property {
  const { property, size, digest, sessionKey } = value;
  const { revision } = place;
  if (sessionKey === null) return { kind: "public", digest, size, revision };
  return {
    kind: "encrypted",
    digest,
    size,
    revision,
    commitment: keyCommitment(sessionKey, { ...place, property }),
  };
}
