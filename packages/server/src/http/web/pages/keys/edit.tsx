import * as v from "valibot";
import { keyOf } from "../../../../services/key-list.ts";
import { editKey } from "../../../../services/keys.ts";
import { text } from "../../form.ts";
import { page } from "../../page.ts";
import { Field, Post } from "../../parts/form.tsx";
import { html, redirect } from "../../reply.tsx";
import { askedKey } from "./asked.ts";
import { keyPath } from "./paths.ts";
import { KeyCard } from "./show.tsx";

const common = { path: "/key/edit", need: "superuser", action: "edit key", query: askedKey } as const;

export const editKeyForm = page(
  { ...common, method: "GET" },
  async ({ dependencies: { db }, query: { fingerprint }, visit }) => {
    const key = await keyOf(db, fingerprint);
    return await html(
      visit,
      { title: `Edit a key of ${key.user}` },
      <>
        <KeyCard shown={key} />
        <div class="card narrow">
          <Post visit={visit} action={keyPath(fingerprint, "/edit")}>
            <Field
              name="description"
              label="Description"
              value={key.row.description}
              maxlength={255}
              autocomplete="off"
              hint="For people. To make the key write-only, or to have it read again, remove it and add it anew."
            />
            <div class="actions">
              <button type="submit">Save</button>
              <a href={keyPath(fingerprint)}>Back</a>
            </div>
          </Post>
        </div>
      </>,
    );
  },
);

export const editKeyPost = page(
  { ...common, method: "POST", form: v.object({ description: text }) },
  async ({ dependencies: { db }, query: { fingerprint }, form, admin }) => {
    await editKey(db, admin, fingerprint, form.description);
    return redirect(keyPath(fingerprint), "saved");
  },
);
