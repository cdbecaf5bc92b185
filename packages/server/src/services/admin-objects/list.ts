import { Problem } from "@pstore/core/problem";
import type { Db } from "../../database/open.ts";
import { membersOf } from "../../repositories/members.ts";
import { figuresOf } from "../../repositories/object-figures.ts";
import {
  type ObjectFilter as Filter,
  type ObjectPlace,
  type ObjectState,
  pageOfObjects,
} from "../../repositories/object-pages.ts";
import { newestCommits } from "../../repositories/revisions.ts";
import { findUser } from "../../repositories/users.ts";
import { type Actor, record } from "../audit.ts";

export type { ObjectState } from "../../repositories/object-pages.ts";

/** The most rows of one page. */
export const rowsOfPage = 50;

export interface ObjectFilter extends Pick<Filter, "state" | "text"> {
  /** Only objects of which this user is a member; empty: of anybody. */
  readonly user: string;
  /** And which nobody else who may sign in can read. */
  readonly only: boolean;
}

export interface MemberOfObject {
  readonly user: string;
  readonly access: "read" | "write";
  /** Nothing is encrypted to them yet. */
  readonly pending: boolean;
}

/** An object as an admin sees it in a list; times are RFC 3339 in UTC. */
export interface ObjectRow {
  readonly id: string;
  readonly name: string;
  readonly deleted: boolean;
  readonly withheld: string | null;
  readonly revision: number;
  readonly members: readonly MemberOfObject[];
  readonly properties: number;
  /** In bytes, of its present public values and bodies. */
  readonly size: number;
  /** The commit of its newest revision. */
  readonly changed: { readonly time: string; readonly by: string } | null;
  /** Of a value that it has now. */
  readonly lastRead: string | null;
}

export interface ObjectPage {
  readonly rows: readonly ObjectRow[];
  /** Where the next page begins; `null`: there is none. A page may have few rows, or none, although there are more. */
  readonly next: string | null;
  /** Whether the user that is filtered by ever was. */
  readonly knowsUser: boolean;
}

/**
 * A page of all objects of the store, those that are withheld among them.
 * @param after as `next` of the page before; `null`: the first one
 * @throws Problem `bad-request` when it is not
 */
export async function listAllObjects(
  db: Db,
  admin: Actor,
  filter: ObjectFilter,
  after: string | null,
): Promise<ObjectPage> {
  const { state, text, user, only } = filter;
  const place = after === null ? null : readPlace(after);
  const who = user === "" ? null : await findUser(db, user);
  if (who === undefined) return { rows: [], next: null, knowsUser: false };
  const memberId = who?.id ?? null;
  const { objects, next } = await pageOfObjects(db, { state, text, memberId, only }, place, rowsOfPage);
  const ids = objects.map(({ id }) => id);
  const members = Map.groupBy(await membersOf(db, ids), (member) => member.object_id);
  const figures = await figuresOf(db, ids);
  const commits = await newestCommits(db, ids);
  await record(db, admin, [{ action: "list", detail: listed(filter) }]);
  const rows = objects.map(({ id, name, live_name: liveName, withheld, revision }): ObjectRow => {
    const { properties = 0, size = 0, lastRead = null } = figures.get(id) ?? {};
    const commit = commits.get(id);
    return {
      ...{ id, name, withheld, revision, properties, size, lastRead },
      deleted: liveName === null,
      members: (members.get(id) ?? []).map((member) => ({
        user: member.user_name,
        access: member.access,
        pending: member.pending === 1,
      })),
      changed: commit === undefined ? null : { time: commit.received, by: commit.author },
    };
  });
  return { rows, next: next === null ? null : writePlace(next), knowsUser: true };
}

function listed({ state, text, user, only }: ObjectFilter): string {
  const whose = user === "" ? "all" : `${only ? "only " : ""}of ${user}`;
  return `${whose}, ${state satisfies ObjectState} '${text}'`;
}

function writePlace({ key, id }: ObjectPlace): string {
  return Buffer.from(JSON.stringify([key, id])).toString("base64url");
}

function readPlace(text: string): ObjectPlace {
  try {
    const [key, id] = JSON.parse(Buffer.from(text, "base64url").toString());
    if (typeof key === "string" && typeof id === "string") return { key, id };
  } catch {
    // Whatever it is, it did not come from a page.
  }
  throw new Problem(
    "bad-request",
    "the address of this page is not whole; begin at the first page of the list",
  );
}
