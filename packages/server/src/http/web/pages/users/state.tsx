import { changeState, knownUser } from "../../../../services/accounts.ts";
import { dependentsOf } from "../../../../services/dependents.ts";
import { endWebSessionsOf, removeWebPassword } from "../../../../services/web-access.ts";
import { page } from "../../page.ts";
import { Post } from "../../parts/form.tsx";
import { html, redirect } from "../../reply.tsx";
import { Losses, Offboarding } from "./consequences.tsx";
import { userPath } from "./paths.ts";

/** So many objects are named of each kind. */
const shownObjects = 20;

const disable = { path: "/users/:name/disable", need: "superuser", action: "disable user" } as const;

export const disableUserForm = page(
  { ...disable, method: "GET" },
  async ({ dependencies: { db }, path, visit }) => {
    const user = await knownUser(db, path["name"] ?? "");
    const { name } = user;
    const dependents = await dependentsOf(db, user, shownObjects);
    return await html(
      visit,
      { title: `Disable ${name}?` },
      <>
        <Losses user={user} dependents={dependents} />
        <div class="card">
          <p>
            {name} can sign in no more, with whatever key, until somebody enables them again. Their sessions
            end at once, those of pstore and those in a browser.
          </p>
          <Offboarding name={name} dependents={dependents} />
          <p>
            What {name} has read, {name} knows:{" "}
            <a href={`${userPath(name, "/delete")}#secrets`}>which secrets to change</a>.
          </p>
          <Post visit={visit} action={userPath(name, "/disable")}>
            <div class="actions">
              <button type="submit" class="danger">
                Disable {name}
              </button>
              <a href={userPath(name)}>Back</a>
            </div>
          </Post>
        </div>
      </>,
    );
  },
);

export const disableUserPost = page(
  { ...disable, method: "POST" },
  async ({ dependencies: { db }, path, admin }) => {
    const { name } = await knownUser(db, path["name"] ?? "");
    await changeState(db, admin, name, "disable", "keep-an-admin");
    return redirect(userPath(name), "user-disabled");
  },
);

export const enableUser = page(
  { method: "POST", path: "/users/:name/enable", need: "superuser", action: "enable user" },
  async ({ dependencies: { db }, path, admin }) => {
    const { name } = await knownUser(db, path["name"] ?? "");
    await changeState(db, admin, name, "enable");
    return redirect(userPath(name), "user-enabled");
  },
);

export const endSessions = page(
  { method: "POST", path: "/users/:name/end-sessions", need: "superuser", action: "end web sessions" },
  async ({ dependencies: { db }, path, admin }) => {
    const { name } = await knownUser(db, path["name"] ?? "");
    await endWebSessionsOf(db, admin, name);
    return redirect(userPath(name), "sessions-ended");
  },
);

export const removePassword = page(
  { method: "POST", path: "/users/:name/remove-password", need: "superuser", action: "remove web password" },
  async ({ dependencies: { db }, path, admin }) => {
    const { name } = await knownUser(db, path["name"] ?? "");
    await removeWebPassword(db, admin, name);
    return redirect(userPath(name), "users-password-removed");
  },
);
