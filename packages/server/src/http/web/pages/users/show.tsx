import { dependentsOf, objectCountOf } from "../../../../services/dependents.ts";
import { keysOfUser, type ShownKey } from "../../../../services/key-list.ts";
import { type UserTable, userOf } from "../../../../services/user-list.ts";
import { type WebAccess, webAccessOf } from "../../../../services/web-access.ts";
import { page } from "../../page.ts";
import { Post } from "../../parts/form.tsx";
import { Said } from "../../parts/said.tsx";
import { Table } from "../../parts/table.tsx";
import { Badge, counted, Facts, Time } from "../../parts/text.tsx";
import { html } from "../../reply.tsx";
import type { Visit } from "../../visit.ts";
import { Expiry, KeyLink, KeyState } from "../keys/parts.tsx";
import { Memberships } from "./memberships.tsx";
import { rolesOf, State } from "./parts.tsx";
import { userPath } from "./paths.ts";

/** So many objects stand on a user's page; the section of objects has the rest. */
const shownObjects = 50;

export const showUser = page(
  { method: "GET", path: "/users/:name", need: "staff", action: "list users" },
  async ({ dependencies: { db }, path, visit, admin }) => {
    const user = await userOf(db, path["name"] ?? "");
    const keys = await keysOfUser(db, user);
    const objects = await objectCountOf(db, user);
    const dependents = objects.more ? null : await dependentsOf(db, user, shownObjects);
    const access = await webAccessOf(db, user);
    return await html(
      visit,
      { title: user.name },
      <>
        <UserFacts user={user} access={access} />
        {admin.superuser && user.removed === null && <Actions visit={visit} user={user} access={access} />}
        <Keys user={user} keys={keys} />
        <Memberships user={user} objects={objects} dependents={dependents} admin={admin} />
      </>,
    );
  },
);

function UserFacts({ user, access }: { user: UserTable; access: WebAccess }) {
  const second = access.secondFactor ? ", with a code as second factor" : "";
  return (
    <div class="card">
      <Facts
        rows={[
          ["State", <State user={user} />],
          ["Full name", user.full_name === "" ? "none" : <Said text={user.full_name} />],
          ["E-mail address", user.email === "" ? "none" : <Said text={user.email} />],
          ["Roles", rolesOf(user).join(", ") || "none"],
          ["Added", <Time value={user.created} />],
          ...(user.removed === null ? [] : [["Deleted", <Time value={user.removed} />] as const]),
          ["Password for the web", access.password ? `yes${second}` : "no"],
          ["Signed in here", counted(access.sessions, "browser")],
        ]}
      />
    </div>
  );
}

function Actions({ visit, user, access }: { visit: Visit; user: UserTable; access: WebAccess }) {
  const path = (rest: `/${string}`) => userPath(user.name, rest);
  return (
    <div class="actions">
      <a class="button" href={path("/edit")}>
        Edit
      </a>
      <a class="button second" href={path("/keys/add")}>
        Add a key
      </a>
      {access.sessions > 0 && (
        <Post visit={visit} action={path("/end-sessions")}>
          <button type="submit" class="second">
            Sign out of all browsers
          </button>
        </Post>
      )}
      {access.password && (
        <Post visit={visit} action={path("/remove-password")}>
          <button type="submit" class="second">
            Remove the web password
          </button>
        </Post>
      )}
      {user.active === 1 ? (
        <a class="button second" href={path("/disable")}>
          Disable
        </a>
      ) : (
        <Post visit={visit} action={path("/enable")}>
          <button type="submit" class="second">
            Enable
          </button>
        </Post>
      )}
      <a class="button danger" href={path("/delete")}>
        Delete
      </a>
    </div>
  );
}

function Keys({ user, keys }: { user: UserTable; keys: readonly ShownKey[] }) {
  return (
    <section aria-labelledby="keys">
      <h2 id="keys">Public keys</h2>
      <Table
        caption={`Public keys of ${user.name}`}
        columns={["Fingerprint", "State", "Algorithm", "Reads", "Expires", "Description"]}
        rows={keys.map(({ row, facts }) => [
          <KeyLink fingerprint={facts.fingerprint} />,
          <KeyState facts={facts} removed={row.removed ?? user.removed} />,
          facts.algorithm,
          row.write_only === 1 ? <Badge>write-only</Badge> : "yes",
          <Expiry expires={facts.expires} />,
          <Said text={row.description} />,
        ])}
        empty={`${user.name} has no key, and cannot use pstore without one.`}
      />
    </section>
  );
}
