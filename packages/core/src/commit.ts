import { digestOf } from "./digest.ts";
import { merkleRoot, rootFromPath } from "./merkle.ts";
import { isUuid } from "./names.ts";
import { Problem } from "./problem.ts";

/**
 * The text that an author signs to change objects: one signature for however many manifests it brings.
 * `log` is the head of the store-wide log that the author last verified; as long as no store has such a log, it is
 * `0 -`.
 */
export interface Commit {
  /** The store's id. */
  readonly store: string;
  readonly log: string;
  /** How many manifests the commit holds. */
  readonly count: number;
  /** The Merkle root (RFC 9162) of the manifests' digests, as 64 hex digits. */
  readonly root: string;
}

/** What `log` says while no store has a log. */
export const noLog = "0 -";

/** The most manifests that one commit may hold. */
export const maxManifests = 100_000;

const pattern = /^pstore commit 1\nstore (\S{36})\nlog (0 -)\nmanifests ([1-9]\d{0,5}) ([0-9a-f]{64})\n$/;

/** The commit of some manifests (their texts), in their order. */
export function commitOf(store: string, manifests: readonly string[]): Commit {
  const root = merkleRoot(manifests.map(leafOf));
  return { store, log: noLog, count: manifests.length, root: Buffer.from(root).toString("hex") };
}

/** The leaf (32 bytes) that a manifest is in the tree of its commit: the digest of its bytes. */
export function leafOf(manifest: string): Uint8Array {
  return Buffer.from(digestOf(manifest), "hex");
}

export function commitText(commit: Commit): string {
  return `pstore commit 1\nstore ${commit.store}\nlog ${commit.log}\nmanifests ${commit.count} ${commit.root}\n`;
}

/** @throws Problem `bad-commit` when the text is no commit of this format */
export function parseCommit(text: string): Commit {
  const [, store, log, count, root] = pattern.exec(text) ?? [];
  if (!isUuid(store) || log === undefined || root === undefined || Number(count) > maxManifests) {
    throw new Problem(
      "bad-commit",
      "the commit's text is not of the format 'pstore commit 1'; a newer pstore may be needed",
    );
  }
  return { store, log, count: Number(count), root };
}

/** A manifest with the proof that a commit holds it; all as the server stores and serves it. */
export interface Revision {
  /** The manifest's text, verbatim. */
  readonly manifest: string;
  /** The commit's text, verbatim. */
  readonly commit: string;
  /** The detached signature over the commit's text, base64. */
  readonly signature: string;
  /** The place of the manifest in the commit, from 0. */
  readonly index: number;
  /** The inclusion path (RFC 9162), hex digits, from the leaf upwards. */
  readonly path: readonly string[];
}

/**
 * Checks that a revision's manifest is in its commit, for this store.
 * @throws Problem `bad-commit` when the commit's text is malformed, `untrusted-server` when the manifest is not in it
 */
export function checkInclusion(revision: Revision, store: string): void {
  const commit = parseCommit(revision.commit);
  const root = rootFromPath(
    leafOf(revision.manifest),
    revision.index,
    commit.count,
    revision.path.map((step) => Buffer.from(step, "hex")),
  );
  if (commit.store !== store || root === null || Buffer.from(root).toString("hex") !== commit.root) {
    throw new Problem(
      "untrusted-server",
      "the server gave a manifest that is not in the commit that its author signed; nothing of it was used, ask who runs the server",
    );
  }
}
