// What is stored in the end: every revision of every machine.
import { apiPath, History, ObjectList, type Revision } from "@pstore/core/api/schemas";
import { digestOf } from "@pstore/core/digest";
import { type Manifest, parseManifest } from "@pstore/core/manifest";
import { sessionToken } from "@pstore/e2e/support/session-token";
import type { SshUser } from "@pstore/e2e/support/ssh-user";
import * as v from "valibot";

export interface Stored {
  readonly served: Revision;
  readonly manifest: Manifest;
  readonly digest: string;
}

/** The revisions of each machine, oldest first, by its id. */
export type Histories = ReadonlyMap<string, readonly Stored[]>;

/** Asks a server for all that users see. @param users each with an open session */
export async function readHistories(url: string, users: readonly SshUser[]): Promise<Histories> {
  const histories = new Map<string, readonly Stored[]>();
  for (const user of users) {
    const token = sessionToken(user);
    for (const id of await machinesOf(url, token))
      if (!histories.has(id)) histories.set(id, await historyOf(url, token, id));
  }
  return histories;
}

async function machinesOf(url: string, token: string): Promise<readonly string[]> {
  const ids: string[] = [];
  let next: string | null = null;
  do {
    const query = next === null ? "" : `?cursor=${encodeURIComponent(next)}`;
    const page: ObjectList = v.parse(ObjectList, await get(url, token, `/objects${query}`));
    ids.push(...page.objects.map(({ id }) => id));
    next = page.next;
  } while (next !== null);
  return ids;
}

async function historyOf(url: string, token: string, id: string): Promise<readonly Stored[]> {
  const all: Stored[] = [];
  for (;;) {
    const from = all.length + 1;
    const path = `/objects/${id}/history?from=${from}&to=${from + 999}`;
    const { revisions } = v.parse(History, await get(url, token, path));
    if (revisions.length === 0) return all;
    for (const served of revisions) {
      const { manifest } = served;
      all.push({ served, manifest: parseManifest(manifest), digest: digestOf(manifest) });
    }
  }
}

async function get(url: string, token: string, path: string): Promise<unknown> {
  const answer = await fetch(`${url}${apiPath}${path}`, { headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  return await answer.json();
}
