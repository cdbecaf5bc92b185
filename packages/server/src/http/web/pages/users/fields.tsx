import type * as v from "valibot";
import { text, tick } from "../../form.ts";
import { Field, Tick } from "../../parts/form.tsx";

/** What of a user is typed in, whether they are new or not. */
export const userFields = { email: text, fullName: text, staff: tick, superuser: tick, viewAny: tick };

export type UserFields = v.InferOutput<v.ObjectSchema<typeof userFields, undefined>>;

export function UserFieldset({ values }: { values: UserFields }) {
  return (
    <>
      <Field name="fullName" label="Full name" value={values.fullName} maxlength={255} autocomplete="off" />
      <Field
        name="email"
        label="E-mail address"
        value={values.email}
        maxlength={320}
        autocomplete="off"
        inputmode="email"
        hint="For mails about changes of keys and deletions. It may stay empty."
      />
      <fieldset>
        <legend>Roles</legend>
        <Tick
          name="staff"
          label="Staff"
          checked={values.staff}
          hint="May sign in here, and look at users, keys and the health of the store."
        />
        <Tick
          name="superuser"
          label="Superuser"
          checked={values.superuser}
          hint="May see and change everything that can be changed here. To sign in here, the user must be of the staff as well."
        />
        <Tick
          name="viewAny"
          label="View-any"
          checked={values.viewAny}
          hint="May look at the names, members and property names of any object, and at the log; never at a secret."
        />
      </fieldset>
    </>
  );
}
