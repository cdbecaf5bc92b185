import type { CommitRequest, WrappedKey } from "@pstore/core/api/schemas";
import { commitOf, commitText } from "@pstore/core/commit";
import { digestOf } from "@pstore/core/digest";
import { encodeManifest } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Api } from "../../http/api.ts";
import type { Keyring } from "../../keyring/keyring.ts";
import type { Person } from "../../person.ts";
import type { Objects } from "../../state/objects.ts";
import type { PendingCommits } from "../../state/pending.ts";
import { isConfirmed } from "./confirm.ts";
import type { Draft } from "./draft.ts";

/** The most that one commit may hold, in bytes of JSON: for the server, that is a peak of half a GiB of memory. */
const maxCommitSize = 24 * 1024 * 1024;

export interface CommitterParts {
  readonly api: Api;
  readonly keyring: Keyring;
  readonly objects: Objects;
  readonly pending: PendingCommits;
  readonly person: Person;
  /** The store's id. */
  readonly store: string;
}

/**
 * Signs drafts, all with one signature, and has the server store them: all of them or none.
 * @throws Problem `unavailable` when it is not known whether they were stored; the next command sends the same again
 */
export async function commit(
  { api, keyring, objects, pending, person, store }: CommitterParts,
  drafts: readonly Draft[],
  wrappedKeys: readonly (readonly WrappedKey[])[],
): Promise<void> {
  const [first] = drafts;
  if (first === undefined) return;
  const texts = drafts.map(({ manifest }) => encodeManifest(manifest));
  const changes: CommitRequest["changes"] = drafts.map(({ values }, index) => ({
    manifest: texts[index] ?? "",
    values: values.map((value) => value.content),
    wrappedKeys: [...(wrappedKeys[index] ?? [])],
  }));
  const bytesOfChanges = JSON.stringify(changes);
  if (bytesOfChanges.length > maxCommitSize) {
    throw new Problem(
      "too-large",
      `the change of ${drafts.length} machines is too large to be made in one go; nothing was changed, name fewer of them`,
    );
  }
  const text = commitText(commitOf(store, texts));
  const signature = Buffer.from(
    await keyring.sign(first.manifest.author.key, { text, purpose: "commit" }),
  ).toString("base64");
  const head = JSON.stringify({ commit: text, signature });
  const bytes = `${head.slice(0, -1)},"changes":${bytesOfChanges}}`;
  pending.keep(bytes, () =>
    person.warn(
      "interrupted while the change was on its way; the next pstore command tells whether it is stored",
    ),
  );
  try {
    if (!isConfirmed(await api.commit(bytes), { changes })) throw unconfirmed(drafts);
  } catch (error) {
    if (!(error instanceof Problem) || error.code === "unavailable") throw unanswered(error);
    pending.forget(bytes);
    throw error;
  }
  pending.forget(bytes);
  objects.rememberAll(
    drafts.map(({ manifest }, index) => {
      const stored = texts[index] ?? "";
      return { known: { manifest, digest: digestOf(stored) }, text: stored };
    }),
  );
}

function unconfirmed(drafts: readonly Draft[]): Problem {
  const names = drafts.map(({ manifest }) => `'${manifest.object.name}'`);
  const what = names.length === 1 ? names[0] : `${names.length} machines`;
  return new Problem(
    "untrusted-server",
    `the server does not confirm the change of ${what} that it was sent; look whether it is there, and ask who runs the server`,
  );
}

function unanswered(error: unknown): unknown {
  if (!(error instanceof Problem)) return error;
  return new Problem(
    error.code,
    `${error.message}; the change was sent but not answered: the next pstore command sends it again first`,
    { cause: error },
  );
}
