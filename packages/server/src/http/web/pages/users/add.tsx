import { Problem } from "@pstore/core/problem";
import * as v from "valibot";
import { addUser } from "../../../../services/accounts.ts";
import { record } from "../../../../services/audit.ts";
import { text } from "../../form.ts";
import { page } from "../../page.ts";
import { Field, Post } from "../../parts/form.tsx";
import { sentence } from "../../parts/text.tsx";
import { html, redirect } from "../../reply.tsx";
import type { Visit } from "../../visit.ts";
import { UserFieldset, userFields } from "./fields.tsx";
import { addUserPath, userPath } from "./paths.ts";

const form = v.object({ name: text, ...userFields });
type Typed = v.InferOutput<typeof form>;

const common = { path: addUserPath, need: "superuser", action: "add user" } as const;
const nothing: Typed = { name: "", email: "", fullName: "", staff: false, superuser: false, viewAny: false };

export const addUserForm = page({ ...common, method: "GET" }, ({ visit }) => shown(visit, nothing, null));

export const addUserPost = page(
  { ...common, method: "POST", form },
  async ({ dependencies: { db }, form, visit, admin }) => {
    try {
      await addUser(db, admin, { ...form, password: null });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      await record(db, admin, [{ action: "add user", outcome: error.code, detail: error.message }]);
      return await shown(visit, form, error);
    }
    return redirect(userPath(form.name), "user-added");
  },
);

function shown(visit: Visit, values: Typed, problem: Problem | null): Promise<Response> {
  return html(
    visit,
    { title: "Add a user", status: problem?.status ?? 200 },
    <div class="card narrow">
      {problem !== null && (
        <p class="notice bad" role="alert">
          {sentence(problem.message)}
        </p>
      )}
      <Post visit={visit} action={addUserPath}>
        <Field
          name="name"
          label="Name"
          value={values.name}
          maxlength={150}
          required
          autocomplete="off"
          hint="What the user signs in with: letters, digits, '.', '_', '@' and '-'. It is never changed, and never given to another user."
        />
        <UserFieldset values={values} />
        <div class="actions">
          <button type="submit">Add the user</button>
          <a href="/users">Back</a>
        </div>
      </Post>
    </div>,
  );
}
