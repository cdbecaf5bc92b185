import * as v from "valibot";
import type { UserSearch } from "../../../../services/user-list.ts";
import { type ListedUser, pageOfUsers } from "../../../../services/user-list.ts";
import { tick } from "../../form.ts";
import { page } from "../../page.ts";
import { Choice, Field, Tick } from "../../parts/form.tsx";
import { Pager } from "../../parts/pager.tsx";
import { Said } from "../../parts/said.tsx";
import { Table } from "../../parts/table.tsx";
import { html } from "../../reply.tsx";
import { rolesOf, State, UserLink } from "./parts.tsx";
import { addUserPath } from "./paths.ts";

const states: readonly (readonly [UserSearch["state"], string])[] = [
  ["present", "active or disabled"],
  ["active", "active"],
  ["disabled", "disabled"],
  ["removed", "deleted"],
  ["any", "any"],
];

const query = v.object({
  text: v.optional(v.pipe(v.string(), v.trim()), ""),
  state: v.optional(v.picklist(states.map(([state]) => state)), "present"),
  staff: tick,
  keyless: tick,
  after: v.optional(v.string()),
});

export const listUsers = page(
  { method: "GET", path: "/users", need: "staff", action: "list users", query },
  async ({ dependencies, query, visit, admin }) => {
    const { text, state, staff, keyless, after } = query;
    const { users, next } = await pageOfUsers(dependencies.db, {
      text,
      state,
      staff,
      withoutKey: keyless,
      after: after ?? null,
    });
    const parameters = { text, state, staff: staff ? "1" : "", keyless: keyless ? "1" : "", after };
    return await html(
      visit,
      { title: "Users" },
      <>
        {admin.superuser && (
          <p class="actions">
            <a class="button" href={addUserPath}>
              Add a user
            </a>
          </p>
        )}
        <form method="get" action="/users" class="filters">
          <Field name="text" label="Name, full name or e-mail" type="search" value={text} />
          <Choice name="state" label="State" options={states} value={state} />
          <Tick name="staff" label="Staff only" checked={staff} />
          <Tick name="keyless" label="Without a key" checked={keyless} />
          <div class="field">
            <button type="submit">Search</button>
          </div>
        </form>
        <Table
          caption="Users"
          columns={["Name", "Full name", "State", "Roles", "Keys", "Objects"]}
          rows={users.map(row)}
          empty="No user fits."
        />
        <Pager path="/users" query={parameters} next={next} />
      </>,
    );
  },
);

function row({ row, keys, objects }: ListedUser) {
  return [
    <UserLink name={row.name} />,
    <Said text={row.full_name} />,
    <State user={row} />,
    rolesOf(row).join(", "),
    keys,
    `${objects.more ? "over " : ""}${objects.count.toLocaleString("en-US")}`,
  ];
}
