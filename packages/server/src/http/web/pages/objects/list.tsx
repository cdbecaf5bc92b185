import * as v from "valibot";
import {
  listAllObjects,
  type MemberOfObject,
  type ObjectPage,
  type ObjectRow,
} from "../../../../services/admin-objects/list.ts";
import { type Page, page } from "../../page.ts";
import { Choice, Field } from "../../parts/form.tsx";
import { Pager } from "../../parts/pager.tsx";
import { Table } from "../../parts/table.tsx";
import { sizeText, Time } from "../../parts/text.tsx";
import { html } from "../../reply.tsx";
import { State, When } from "./badges.tsx";

const text = (longest: number) => v.optional(v.pipe(v.string(), v.trim(), v.maxLength(longest)), "");

const query = v.object({
  text: text(255),
  user: text(150),
  access: v.optional(v.picklist(["has", "only"]), "has"),
  state: v.optional(v.picklist(["living", "withheld", "deleted"]), "living"),
  after: v.optional(v.pipe(v.string(), v.maxLength(600))),
});

type Query = v.InferOutput<typeof query>;

export const listPages: readonly Page[] = [
  page(
    { method: "GET", path: "/objects", need: "viewer", action: "list", query },
    async ({ dependencies: { db }, admin, query: asked, visit }) => {
      const { state, user, access, after = null } = asked;
      const only = access === "only" && user !== "";
      const found = await listAllObjects(db, admin, { state, text: asked.text, user, only }, after);
      return html(visit, { title: "Objects" }, <List asked={asked} found={found} />);
    },
  ),
];

function List({ asked, found }: { asked: Query; found: ObjectPage }) {
  const { text, user, access, state, after } = asked;
  return (
    <>
      <Filters asked={asked} />
      {user !== "" && access === "only" && (
        <p class="hint">
          Nobody else who may sign in can read these: members who are disabled, deleted, or still wait to be
          let in, do not count.
        </p>
      )}
      <Table
        caption="Objects"
        columns={["Name", "Members", "Properties", "Size", "Revision", "Last change", "Last read"]}
        rows={found.rows.map(cells)}
        empty={emptyText(asked, found)}
      />
      <Pager path="/objects" query={{ text, user, access, state, after }} next={found.next} />
    </>
  );
}

function Filters({ asked }: { asked: Query }) {
  return (
    <form method="get" action="/objects" class="filters">
      <Field name="text" label="Name contains" value={asked.text} maxlength={255} inputmode="search" />
      <Field name="user" label="User" value={asked.user} maxlength={150} autocomplete="off" />
      <Choice
        name="access"
        label="The user"
        value={asked.access}
        options={[
          ["has", "has access"],
          ["only", "is the only one with access"],
        ]}
      />
      <Choice
        name="state"
        label="State"
        value={asked.state}
        options={[
          ["living", "not deleted"],
          ["withheld", "withheld"],
          ["deleted", "deleted"],
        ]}
      />
      <div class="field">
        <button type="submit">Search</button>
      </div>
    </form>
  );
}

function emptyText({ text, user, state }: Query, { knowsUser, next }: ObjectPage) {
  if (text === "" && user === "" && state === "living" && next === null)
    return (
      <>
        There is no object yet: whoever has a key here makes one with <code>pstore -c NAME</code>.
      </>
    );
  if (!knowsUser) return `There never was a user '${user}'.`;
  return next === null
    ? "No object fits."
    : "None so far: only a part was looked through, and the next page goes on from there.";
}

function cells(row: ObjectRow) {
  return [
    <span>
      <a href={`/objects/${row.id}`}>{row.name}</a> <State deleted={row.deleted} withheld={row.withheld} />
    </span>,
    <Members members={row.members} />,
    row.properties.toLocaleString("en-US"),
    sizeText(row.size),
    String(row.revision),
    <When done={row.changed} />,
    row.lastRead === null ? <span class="quiet">never</span> : <Time value={row.lastRead} />,
  ];
}

/** So many are named. */
const mostNamed = 10;

function Members({ members }: { members: readonly MemberOfObject[] }) {
  const named = members
    .slice(0, mostNamed)
    .map(({ user, access, pending }) => `${user} (${access}${pending ? ", pending" : ""})`);
  const more = members.length - named.length;
  return <span>{`${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}`}</span>;
}
