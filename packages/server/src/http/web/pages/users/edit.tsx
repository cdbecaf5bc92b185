import { Problem } from "@pstore/core/problem";
import * as v from "valibot";
import { editUser, knownUser } from "../../../../services/accounts.ts";
import { record } from "../../../../services/audit.ts";
import { page } from "../../page.ts";
import { Post } from "../../parts/form.tsx";
import { sentence } from "../../parts/text.tsx";
import { html, redirect } from "../../reply.tsx";
import type { Visit } from "../../visit.ts";
import { type UserFields, UserFieldset, userFields } from "./fields.tsx";
import { userPath } from "./paths.ts";

const common = { path: "/users/:name/edit", need: "superuser", action: "edit user" } as const;

export const editUserForm = page(
  { ...common, method: "GET" },
  async ({ dependencies: { db }, path, visit }) => {
    const user = await knownUser(db, path["name"] ?? "");
    const values = {
      email: user.email,
      fullName: user.full_name,
      staff: user.staff === 1,
      superuser: user.superuser === 1,
      viewAny: user.view_any === 1,
    };
    return await shown(visit, user.name, values, null);
  },
);

export const editUserPost = page(
  { ...common, method: "POST", form: v.object(userFields) },
  async ({ dependencies: { db }, path, form, visit, admin }) => {
    const { name } = await knownUser(db, path["name"] ?? "");
    try {
      await editUser(db, admin, name, form);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const refusal = { outcome: error.code, detail: `${name}: ${error.message}` };
      await record(db, admin, [{ action: "edit user", ...refusal }]);
      return await shown(visit, name, form, error);
    }
    return redirect(userPath(name), "saved");
  },
);

function shown(visit: Visit, name: string, values: UserFields, problem: Problem | null): Promise<Response> {
  return html(
    visit,
    { title: `Edit ${name}`, status: problem?.status ?? 200 },
    <div class="card narrow">
      {problem !== null && (
        <p class="notice bad" role="alert">
          {sentence(problem.message)}
        </p>
      )}
      <Post visit={visit} action={userPath(name, "/edit")}>
        <UserFieldset values={values} />
        <div class="actions">
          <button type="submit">Save</button>
          <a href={userPath(name)}>Back</a>
        </div>
      </Post>
    </div>,
  );
}
