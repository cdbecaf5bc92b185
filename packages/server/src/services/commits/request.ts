import type { CommitRequest } from "@pstore/core/api/schemas";
import { commitOf, parseCommit } from "@pstore/core/commit";
import { digestOf, type Measure, measure } from "@pstore/core/digest";
import { inlineValueSize } from "@pstore/core/limits";
import { type Manifest, parseManifest } from "@pstore/core/manifest";
import { Problem, type ProblemCode } from "@pstore/core/problem";
import type { StoreTable } from "../../database/schema.ts";
import type { Caller } from "../sessions.ts";

type Change = CommitRequest["changes"][number];

/** A change as far as it can be checked without the database. */
export interface ReadChange {
  readonly manifest: Manifest;
  readonly text: string;
  readonly digest: string;
  /** By property. */
  readonly values: ReadonlyMap<string, Inline | Uploaded>;
  /** By property and primary fingerprint, see `place`. */
  readonly wrappedKeys: ReadonlyMap<string, Uint8Array>;
}
interface Inline {
  readonly bytes: Uint8Array;
  readonly measure: Measure;
}
interface Uploaded {
  readonly upload: string;
}

/**
 * Reads a commit's changes and checks all that can be checked without the database.
 * @param maxUploadSize the largest value, in bytes
 * @throws Problem `bad-…`, `too-large`, or `forbidden` when somebody else is the author
 */
export function readChanges(
  store: StoreTable,
  caller: Caller,
  request: CommitRequest,
  maxUploadSize: number,
): ReadChange[] {
  const commit = parseCommit(request.commit);
  const texts = request.changes.map((change) => change.manifest);
  const expected = commitOf(store.id, texts);
  if (commit.store !== store.id) bad("bad-commit", "the commit is for another store");
  if (commit.count !== expected.count || commit.root !== expected.root) {
    bad("bad-commit", "the commit's signed text does not cover the manifests that came with it");
  }
  const changes = request.changes.map((change) => readChange(change, maxUploadSize));
  const author = changes[0]?.manifest.author;
  const ids = new Set<string>();
  for (const { manifest } of changes) {
    if (manifest.store !== store.id) bad("bad-manifest", "the manifest is of another store");
    if (author === undefined || manifest.author.user !== author.user || manifest.author.key !== author.key) {
      bad("bad-commit", "the manifests of one commit must all be by the same author and key");
    }
    if (ids.has(manifest.object.id)) bad("bad-commit", "the commit holds two manifests of the same machine");
    ids.add(manifest.object.id);
  }
  if (author !== undefined && author.user !== caller.userName) throw notTheAuthor(author.user);
  return changes;
}

function readChange(change: Change, maxUploadSize: number): ReadChange {
  const manifest = parseManifest(change.manifest);
  const { name } = manifest.object;
  const values = new Map<string, Inline | Uploaded>();
  for (const value of change.values) {
    if (values.has(value.property))
      bad("bad-value", `the commit brings '${value.property}' of '${name}' twice`);
    values.set(
      value.property,
      "upload" in value ? { upload: value.upload } : readInline(value, name, maxUploadSize),
    );
  }
  const wrappedKeys = new Map<string, Uint8Array>();
  for (const { property, key, wrapped } of change.wrappedKeys) {
    if (wrappedKeys.has(place(property, key))) {
      bad(
        "bad-wrapped-key",
        `the commit brings a wrapped key of '${property}' of '${name}' for ${key} twice`,
      );
    }
    wrappedKeys.set(place(property, key), decode(wrapped));
  }
  return { manifest, text: change.manifest, digest: digestOf(change.manifest), values, wrappedKeys };
}

function readInline(
  value: { property: string; inline: string },
  name: string,
  maxUploadSize: number,
): Inline {
  const bytes = decode(value.inline);
  if (bytes.length > maxUploadSize) {
    bad(
      "too-large",
      `'${value.property}' of '${name}' has ${bytes.length} bytes, and ${maxUploadSize} are the most that this server takes`,
    );
  }
  if (bytes.length > inlineValueSize) {
    bad(
      "too-large",
      `'${value.property}' of '${name}' has ${bytes.length} bytes inline, and ${inlineValueSize} are the most; upload it`,
    );
  }
  return { bytes, measure: measure(bytes) };
}

export function decode(base64: string): Uint8Array {
  return Uint8Array.from(Buffer.from(base64, "base64"));
}

/** Fingerprints hold no space, so no two places are one text. */
export function place(property: string, fingerprint: string): string {
  return `${fingerprint} ${property}`;
}

/** Only its author may send a commit. */
export function notTheAuthor(author: string): Problem {
  return new Problem(
    "forbidden",
    `the commit is by ${author}, and only ${author} may send it; sign in as its author`,
  );
}

/** Refuses a commit. */
export function bad(code: ProblemCode, sentence: string): never {
  throw new Problem(code, sentence);
}
