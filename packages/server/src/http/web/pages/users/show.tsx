import { type Dependents, dependentsOf } from "../../../../services/dependents.ts";
import { keysOfUser, type ShownKey } from "../../../../services/key-list.ts";
import type { UserTable } from "../../../../services/user-list.ts";
import { userOf } from "../../../../services/user-list.ts";
import type { Admin } from "../../../../services/web/sessions.ts";
import { type WebAccess, webAccessOf } from "../../../../services/web-access.ts";
import { page } from "../../page.ts";
import { Post } from "../../parts/form.tsx";
import { withQuery } from "../../parts/pager.tsx";
import { Said } from "../../parts/said.tsx";
import { Table } from "../../parts/table.tsx";
import { Badge, counted, Facts, Time } from "../../parts/text.tsx";
import { html } from "../../reply.tsx";
import type { Visit } from "../../visit.ts";
import { Expiry, KeyLink, KeyState } from "../keys/parts.tsx";
import { Losses } from "./consequences.tsx";
import { ObjectList } from "./objects.tsx";
import { countText, rolesOf, State } from "./parts.tsx";
import { userPath } from "./paths.ts";

/** So many objects stand on a user's page; the section of objects has the rest. */
const shownObjects = 50;

export const showUser = page(
  { method: "GET", path: "/users/:name", need: "staff", action: "list users" },
  async ({ dependencies: { db }, path, visit, admin }) => {
    const user = await userOf(db, path["name"] ?? "");
    const keys = await keysOfUser(db, user);
    const dependents = await dependentsOf(db, user, shownObjects);
    const access = await webAccessOf(db, user);
    return await html(
      visit,
      { title: user.name },
      <>
        <UserFacts user={user} access={access} />
        {admin.superuser && user.removed === null && <Actions visit={visit} user={user} access={access} />}
        <Keys user={user} keys={keys} />
        <Objects user={user} dependents={dependents} admin={admin} />
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
          <KeyState facts={facts} removed={row.removed} />,
          facts.algorithm,
          row.write_only === 1 ? <Badge>write-only</Badge> : "yes",
          <Expiry expires={facts.expires} />,
          <Said text={row.description} />,
        ])}
        empty={`${user.name} has no key: without one, nobody can use pstore.`}
      />
    </section>
  );
}

function Objects({ user, dependents, admin }: { user: UserTable; dependents: Dependents; admin: Admin }) {
  const { objects, waiting, soleMember, soleWriter } = dependents;
  return (
    <section aria-labelledby="objects">
      <h2 id="objects">Objects</h2>
      {objects.count === 0 ? (
        <p class="empty">{user.name} is a member of no object.</p>
      ) : (
        <p>
          {user.name} is a member of {countText(objects, "object")}
          {waiting.count > 0 && `, and waits to be let in on ${countText(waiting, "of them", "of them")}`}.
        </p>
      )}
      {!admin.seesAll && (soleMember.count > 0 || soleWriter.count > 0) && (
        <p>
          Nobody else who may sign in can read {countText(soleMember, "object")}; of{" "}
          {countText(soleWriter, "other")}, nobody else can change anything.
        </p>
      )}
      {admin.seesAll && (
        <>
          <Losses name={user.name} dependents={dependents} />
          {objects.count > 0 && (
            <>
              <ObjectList objects={objects} user={user.name} />
              <p>
                <a href={withQuery("/objects", { user: user.name })}>All objects of {user.name}</a>
              </p>
            </>
          )}
          <p>
            <a href={withQuery("/log", { user: user.name })}>What {user.name} did, in the log</a>
          </p>
        </>
      )}
      {!admin.seesAll && <p class="quiet">Their names are shown to who may view any object.</p>}
    </section>
  );
}
