import type { CommitAnswer, CommitRequest } from "@pstore/core/api/schemas";
import { leafOf } from "@pstore/core/commit";
import { digestOf } from "@pstore/core/digest";
import { readable } from "@pstore/core/fingerprint";
import { assertMayStillSign, verifySignature } from "@pstore/core/keys/signature";
import type { Manifest } from "@pstore/core/manifest";
import { inclusionPaths } from "@pstore/core/merkle";
import { Problem } from "@pstore/core/problem";
import { faultOf } from "../../database/faults.ts";
import type { Db } from "../../database/open.ts";
import { timeText } from "../../database/schema.ts";
import { UnknownOutcome } from "../../database/store-database.ts";
import { findCommit, insertCommit, revisionsOfCommit } from "../../repositories/revisions.ts";
import { type Deed, record } from "../audit.ts";
import { endOfHistory, type KeptHistory, type StoreContext } from "../context.ts";
import { type UserWithKeys, usersWithKeys } from "../directory.ts";
import type { SizeLimits } from "../limits/sizes.ts";
import { mailDeletions } from "../mail/object-deletion.ts";
import { memberFaults } from "../members.ts";
import { type Caller, isActive } from "../sessions.ts";
import { userKeyOf } from "../user-keys.ts";
import { Application } from "./application.ts";
import { decode, notTheAuthor, type ReadChange, readChanges } from "./request.ts";
import { CommitWrites, partsOf, readState } from "./state.ts";

/**
 * Applies a commit, all of it or nothing, and answers what it made. The same bytes again are answered the same.
 * @throws Problem with what is wrong: the formats (`bad-…`), the signature or a key (`bad-signature`, `unusable-key`),
 *   rights (`not-found`, `forbidden`), or what has changed meanwhile (`conflict`)
 */
export async function applyCommit(
  { db, store, keepHistory, limits }: StoreContext & KeptHistory & { readonly limits: SizeLimits },
  caller: Caller,
  request: CommitRequest,
): Promise<CommitAnswer> {
  const digest = digestOf(`${request.commit}${request.signature}`);
  const earlier = await answerOf(db, caller, digest);
  if (earlier !== null) return earlier;

  const changes = readChanges(store, caller, request, limits.maxUploadSize);
  const names = new Set(
    changes.flatMap(({ manifest }) => [manifest.author.user, ...manifest.members.keys()]),
  );
  await checkSignature(db, caller, request, changes, names);
  return await untilKnown(db, caller, digest, () =>
    db.transaction().execute(async (trx) => {
      const [first] = changes;
      if (first === undefined) throw new Problem("bad-commit", "the commit holds no manifest");
      const { author } = first.manifest;
      // Of a commit that has overtaken us since the first look, this is a second one with its digest.
      await insertCommit(trx, {
        digest,
        body: request.commit,
        signature: request.signature,
        author: author.user,
        author_key: author.key,
        received: timeText(new Date()),
      });
      const users = await usersWithKeys(trx, names);
      // The author's key may have been removed, or the author disabled, since the signature was checked.
      currentKey(users.get(author.user), author);
      const paths = inclusionPaths(changes.map(({ text }) => leafOf(text)));
      const faults = memberFaults(users, new Date());
      const keptUntil = endOfHistory(new Date(), keepHistory);
      const deeds: Deed[] = [];
      let position = 0;
      for (const some of await partsOf(trx, changes)) {
        const state = await readState(trx, caller, some);
        const writes = new CommitWrites();
        for (const change of some) {
          const path = (paths[position] ?? []).map((step) => Buffer.from(step).toString("hex"));
          const made = { commit_digest: digest, position, path: path.join(" ") };
          const application = new Application(
            { db: trx, caller, users, faults, state, writes, keptUntil, limits },
            change,
          );
          for (const deed of await application.apply(made)) deeds.push(deed);
          position++;
        }
        await writes.write(trx, timeText(new Date()));
      }
      await record(trx, { ...caller, fingerprint: author.key }, deeds);
      await mailDeletions(trx, caller, { deeds, changes, users, keptUntil });
      return {
        revisions: changes.map(({ manifest, digest: made }) => ({
          id: manifest.object.id,
          revision: manifest.revision,
          digest: made,
        })),
      };
    }),
  );
}

/** How often a commit is begun anew of which the database did not say whether it is stored. */
const mostAttempts = 3;

/** Applies a commit until it is known what became of it: its digest tells whether it is stored. */
async function untilKnown(
  db: Db,
  caller: Caller,
  digest: string,
  apply: () => Promise<CommitAnswer>,
): Promise<CommitAnswer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await apply();
    } catch (error) {
      const fault = faultOf(error);
      if (fault === "duplicate" || fault === "conflict") {
        // It may be the same commit, sent again to another server before this one had answered.
        const done = await answerOf(db, caller, digest);
        if (done !== null) return done;
        throw new Problem(
          "conflict",
          "someone else changed the same machine, or took its name, at the same moment; look at it again and repeat the change",
          { cause: error },
        );
      }
      if (!(error instanceof UnknownOutcome) || attempt === mostAttempts) throw error;
    }
  }
}

async function answerOf(db: Db, caller: Caller, digest: string): Promise<CommitAnswer | null> {
  const commit = await findCommit(db, digest);
  if (commit === undefined) return null;
  if (commit.author !== caller.userName) throw notTheAuthor(commit.author);
  const rows = await revisionsOfCommit(db, digest);
  return {
    revisions: rows.map((row) => ({ id: row.object_id, revision: row.revision, digest: row.digest })),
  };
}

/**
 * Checks the one signature of a commit, before any lock is held, and reads the public keys that the rest needs, so
 * that they are at hand then.
 */
async function checkSignature(
  db: Db,
  caller: Caller,
  request: CommitRequest,
  changes: readonly ReadChange[],
  names: ReadonlySet<string>,
): Promise<void> {
  const author = changes[0]?.manifest.author;
  if (author === undefined) return;
  const users = await usersWithKeys(db, names);
  const key = currentKey(users.get(author.user), author);
  const read = await userKeyOf(key.block);
  const signed = { text: request.commit, purpose: "commit" } as const;
  const { signedBy } = await verifySignature(read, signed, decode(request.signature));
  const whose = `${caller.userName}'s key ${readable(author.key)}`;
  assertMayStillSign(read, signedBy, new Date(), whose);
  for (const { keys } of users.values()) {
    for (const one of keys) if (one.write_only === 0) await userKeyOf(one.block).catch(() => null);
  }
}

function currentKey(found: UserWithKeys | undefined, author: Manifest["author"]) {
  // The session was good when the request began; its body may have been held back for hours.
  if (!isActive(found?.user)) {
    throw new Problem(
      "forbidden",
      `${author.user} is disabled or removed at this store, so nothing was changed; ask an admin`,
    );
  }
  const key = found?.keys.find((one) => one.fingerprint === author.key);
  if (key === undefined) {
    throw new Problem(
      "unusable-key",
      `${author.user}'s key ${readable(author.key)} is not registered at this store; sign with a key that is, or ask an admin to add it`,
    );
  }
  return key;
}
