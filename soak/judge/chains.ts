// Whether histories are what clients believe: chains of entitled, signed revisions, each commit there as a whole.
import { faultOfFirst, faultOfNext } from "@pstore/core/checks";
import { checkInclusion, parseCommit } from "@pstore/core/commit";
import { verifySignature } from "@pstore/core/keys/signature";
import { readUserKey } from "@pstore/core/keys/user-key";
import type { SshUser } from "@pstore/e2e/support/ssh-user";
import type { Histories, Stored } from "./history.ts";

/** @returns what is wrong, a sentence each */
export async function faultsOfChains(
  histories: Histories,
  store: string,
  users: readonly SshUser[],
): Promise<readonly string[]> {
  const keys = new Map<string, Awaited<ReturnType<typeof readUserKey>>>();
  for (const { name, ssh } of users) keys.set(name, await readUserKey(ssh.line));
  const faults: string[] = [];
  for (const revisions of histories.values()) {
    for (const [at, { served, manifest }] of revisions.entries()) {
      const before = revisions[at - 1];
      const where = placeOf({ manifest });
      const fault = before === undefined ? faultOfFirst(manifest) : faultOfNext(before, manifest);
      if (fault !== null) faults.push(`${where} ${fault}`);
      const { user, key: fingerprint } = manifest.author;
      const key = keys.get(user);
      if (key === undefined || key.fingerprint !== fingerprint) {
        faults.push(`${where} was made with a key that is not ${user}'s`);
        continue;
      }
      try {
        checkInclusion(served, store);
        const signature = Buffer.from(served.signature, "base64");
        await verifySignature(key, { text: served.commit, purpose: "commit" }, signature);
      } catch (error) {
        faults.push(`${where}: ${(error as Error).message}`);
      }
    }
  }
  return [...faults, ...faultsOfCommits(histories)];
}

/** A commit names how many revisions it brought: no fewer may be there, and no more. */
function faultsOfCommits(histories: Histories): readonly string[] {
  const all = [...histories.values()].flat();
  return [...Map.groupBy(all, ({ served }) => served.commit)]
    .filter(([commit, its]) => parseCommit(commit).count !== its.length)
    .map(([commit, its]) => {
      const places = its.map(placeOf).join(", ");
      return `of a commit of ${parseCommit(commit).count} revisions there are ${its.length}: ${places}`;
    });
}

export function placeOf({ manifest: { object, revision } }: Pick<Stored, "manifest">): string {
  return `revision ${revision} of '${object.name}'`;
}
