import { uuidPattern } from "@pstore/core/names";
import { Problem } from "@pstore/core/problem";
import * as v from "valibot";
import {
  type DescribedMember,
  type DescribedObject,
  type DescribedProperty,
  describeObject,
} from "../../../../services/admin-objects/object.ts";
import { type DescribedRevision, describeRevisions } from "../../../../services/admin-objects/revisions.ts";
import { type Page, page } from "../../page.ts";
import { withQuery } from "../../parts/pager.tsx";
import { Table } from "../../parts/table.tsx";
import { Badge, counted, Facts, Notice, Print, sizeText, Time } from "../../parts/text.tsx";
import { html } from "../../reply.tsx";
import { State, When } from "./badges.tsx";
import { changesText } from "./changes.ts";

/** @throws Problem `not-found` when it can be no object's */
export function objectId(text: string | undefined): string {
  if (text !== undefined && uuidPattern.test(text)) return text;
  throw new Problem("not-found", "there is no such page here; look for the object among all objects");
}

export const showPages: readonly Page[] = [
  page(
    {
      method: "GET",
      path: "/objects/:id",
      need: "viewer",
      action: "show",
      query: v.object({ below: v.optional(v.pipe(v.string(), v.regex(/^[1-9]\d{0,14}$/))) }),
    },
    async ({ dependencies: { db }, admin, path, query, visit }) => {
      const id = objectId(path["id"]);
      const below = query.below === undefined ? null : Number(query.below);
      const described = await describeObject(db, admin, id);
      const { revisions, next } = await describeRevisions(db, id, below);
      return html(
        visit,
        { title: described.object.name },
        <>
          <Summary described={described} maySee={admin.superuser} />
          <Members members={described.members} />
          <Properties properties={described.properties} />
          <Revisions id={id} revisions={revisions} below={below} next={next} />
        </>,
      );
    },
  ),
];

function Summary({ described, maySee }: { described: DescribedObject; maySee: boolean }) {
  const { object, properties } = described;
  const { id, name, withheld } = object;
  const deleted = object.live_name === null;
  return (
    <>
      {withheld !== null && <WithheldNotice since={withheld} deleted={deleted} />}
      <div class="card">
        <Facts
          rows={[
            ["Id", <code>{id}</code>],
            ...(deleted || withheld !== null
              ? ([["State", <State deleted={deleted} withheld={withheld} />]] as const)
              : []),
            ["Revision", String(object.revision)],
            ["Size", sizeText(properties.reduce((sum, { size }) => sum + size, 0))],
            ["Log", <a href={withQuery("/log", { object: name })}>What was done with it</a>],
          ]}
        />
      </div>
      {maySee && (
        <p class="actions">
          {withheld === null ? (
            <a class="button danger" href={`/objects/${id}/withhold`}>
              Withhold
            </a>
          ) : (
            <a class="button" href={`/objects/${id}/stop-withholding`}>
              Show again
            </a>
          )}
        </p>
      )}
    </>
  );
}

function WithheldNotice({ since, deleted }: { since: string; deleted: boolean }) {
  return (
    <Notice kind="warning">
      <p>
        An admin withholds this object since <Time value={since} />: the server gives it to nobody,{" "}
        {deleted ? "it cannot be brought back," : "its name stays taken,"} and clients that know it say that
        the server withholds it.
      </p>
      <NotRevoked />
    </Notice>
  );
}

/** What neither withholding nor disabling does. */
export function NotRevoked() {
  return (
    <p>
      Nobody is revoked by that, nor by disabling a user: who could read a value may know it still, and stays
      a member until a writer of the object revokes them. No writer can while it is withheld: disable the
      user, show the object again, and have a writer run <code>pstore --offboard NAME</code>, which revokes
      them everywhere and lists the secrets to change.
    </p>
  );
}

function Members({ members }: { members: readonly DescribedMember[] }) {
  return (
    <>
      <h2>Members</h2>
      <Table
        caption="Members, and the keys that this object is encrypted to"
        columns={["User", "Access", "Keys it is encrypted to"]}
        empty="It has no members."
        rows={members.map((member) => [
          <span>
            <a href={`/users/${encodeURIComponent(member.user)}`}>{member.user}</a>{" "}
            {member.state !== "active" && <Badge kind="warning">{member.state}</Badge>}
          </span>,
          <span>
            {member.access} {member.pending && <Badge kind="warning">pending</Badge>}
          </span>,
          <Keys member={member} />,
        ])}
      />
    </>
  );
}

function Keys({ member }: { member: DescribedMember }) {
  const { keys, missing, user, pending } = member;
  return (
    <div>
      {pending && <div>None yet.</div>}
      {keys.map(({ fingerprint, writeOnly, fault }) => (
        <div>
          <KeyLink fingerprint={fingerprint} /> {writeOnly && <Badge>write-only</Badge>}{" "}
          {fault === null ? <Badge kind="good">current</Badge> : <Badge kind="warning">not current</Badge>}
          {writeOnly && <div class="hint">Nothing is encrypted to it.</div>}
          {fault !== null && <div class="hint">{fault}.</div>}
        </div>
      ))}
      {missing.map((fingerprint) => (
        <div>
          <KeyLink fingerprint={fingerprint} /> <Badge kind="warning">not encrypted to</Badge>
          <div class="hint">{pending ? <LetIn user={user} /> : <Rewrap user={user} />}</div>
        </div>
      ))}
    </div>
  );
}

function LetIn({ user }: { user: string }) {
  return (
    <>
      {user} waits to be let in with this key, by a writer: <code>pstore --pending</code>
    </>
  );
}

function Rewrap({ user }: { user: string }) {
  return (
    <>
      {user} has this key too. To encrypt to it, {user} runs <code>pstore --rewrap</code>, or a writer{" "}
      <code>{`pstore --rewrap=${user}`}</code>
    </>
  );
}

function KeyLink({ fingerprint }: { fingerprint: DescribedRevision["key"] }) {
  return (
    <a href={withQuery("/key", { fingerprint })}>
      <Print value={fingerprint} />
    </a>
  );
}

function Properties({ properties }: { properties: readonly DescribedProperty[] }) {
  return (
    <>
      <h2>Properties</h2>
      <p class="quiet">
        Values are not shown. Encrypted ones were encrypted before they came here, to the keys above, and
        nothing on this server opens them; public ones are for the members.
      </p>
      <Table
        caption="Properties"
        columns={["Name", "Kind", "Size", "Of revision", "Last read"]}
        empty="It has no properties."
        rows={properties.map(({ name, kind, size, revision, lastRead }) => [
          name,
          <Badge>{kind}</Badge>,
          sizeText(size),
          String(revision),
          <When done={lastRead && { time: lastRead.time, by: lastRead.user_name }} />,
        ])}
      />
    </>
  );
}

interface RevisionsProps {
  readonly id: string;
  readonly revisions: readonly DescribedRevision[];
  readonly below: number | null;
  readonly next: number | null;
}

function Revisions({ id, revisions, below, next }: RevisionsProps) {
  return (
    <>
      <h2 id="revisions">Revisions</h2>
      <p class="quiet">
        Each is signed with its author's key. Whether all signatures are good, the <a href="/health">check</a>{" "}
        says; times are this server's.
      </p>
      <Table
        caption="Revisions, the newest first"
        columns={["Revision", "Received", "Author", "Signed with", "Changes"]}
        empty={`There are none below revision ${below ?? 1}.`}
        rows={revisions.map(({ revision, received, author, key, changes }) => [
          String(revision),
          <Time value={received} />,
          <a href={`/users/${encodeURIComponent(author)}`}>{author}</a>,
          <KeyLink fingerprint={key} />,
          changesText(changes),
        ])}
      />
      <nav class="pager" aria-label="Pages of revisions">
        {below !== null && <a href={`/objects/${id}#revisions`}>Newest revisions</a>}
        {next !== null && (
          <a href={`/objects/${id}?below=${next}#revisions`} rel="next">
            {`${counted(next - 1, "older revision")}`}
          </a>
        )}
      </nav>
    </>
  );
}
