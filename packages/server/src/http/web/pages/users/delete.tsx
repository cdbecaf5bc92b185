import { clientCommand } from "@pstore/core/client-command";
import { Problem } from "@pstore/core/problem";
import * as v from "valibot";
import { changeState, knownUser } from "../../../../services/accounts.ts";
import { record } from "../../../../services/audit.ts";
import { dependentsOf } from "../../../../services/dependents.ts";
import { type KnownSecret, secretsKnownTo } from "../../../../services/known-secrets.ts";
import { text } from "../../form.ts";
import { page, type TypedPageCall } from "../../page.ts";
import { Field, Post } from "../../parts/form.tsx";
import { Said } from "../../parts/said.tsx";
import { Table } from "../../parts/table.tsx";
import { Notice, sentence, Time } from "../../parts/text.tsx";
import { html, redirect } from "../../reply.tsx";
import { Losses, Offboarding } from "./consequences.tsx";
import { ObjectList } from "./objects.tsx";
import { countText } from "./parts.tsx";
import { userPath } from "./paths.ts";

/** So many objects, and secrets, are named. */
const shownObjects = 50;
const shownSecrets = 200;

const common = { path: "/users/:name/delete", need: "superuser", action: "remove user" } as const;

export const deleteUserForm = page({ ...common, method: "GET" }, async (call) => await shown(call));

/** @param mistake what was wrong with what was typed */
async function shown(
  { dependencies: { db }, path, visit, admin }: TypedPageCall<unknown, unknown>,
  mistake?: Problem,
): Promise<Response> {
  const user = await knownUser(db, path["name"] ?? "");
  const { name } = user;
  const dependents = await dependentsOf(db, user, shownObjects);
  const { secrets, more } = await secretsKnownTo(db, admin, user, shownSecrets);
  return await html(
    visit,
    { title: `Delete ${name}?`, status: mistake?.status ?? 200 },
    <>
      {mistake !== undefined && (
        <Notice kind="bad">
          <p>{sentence(mistake.message)}</p>
        </Notice>
      )}
      <Losses user={user} dependents={dependents} />
      <div class="card">
        <p>
          <strong>This cannot be undone.</strong> {name} signs in no more, their sessions end at once, their
          keys are good for nothing here, and the name is never given to anybody again.
        </p>
        <Offboarding name={name} dependents={dependents} />
        {dependents.objects.count > 0 && (
          <p>It is best to have that done before {name} is deleted: it also lists what to change.</p>
        )}
      </div>
      <section aria-labelledby="access">
        <h2 id="access">What {name} loses access to</h2>
        {dependents.objects.count === 0 ? (
          <p class="empty">Nothing.</p>
        ) : (
          <details open={dependents.objects.count <= 10}>
            <summary>{countText(dependents.objects, "object")}</summary>
            <ObjectList objects={dependents.objects} user={name} />
          </details>
        )}
      </section>
      <section aria-labelledby="secrets">
        <h2 id="secrets">Secrets to change</h2>
        <p>
          Nobody can take back what {name} has read. What is certain comes first; the rest is encrypted to a
          key of {name}. Where {name} is revoked already, what they could read, and never read, stands in what{" "}
          <code>{clientCommand("--offboard", name)}</code> printed, and not here.
        </p>
        <Table
          caption={`Secrets that ${name} knows or may know`}
          columns={["Object", "Property", `By ${name}`]}
          rows={secrets.map(secretRow)}
          empty={`${name} read and stored no secret that is stored now, and none is encrypted to a key of ${name}.`}
        />
        {more && <p>There are more than these {shownSecrets}; the command above lists them all.</p>}
      </section>
      <div class="card narrow">
        <Post visit={visit} action={userPath(name, "/delete")}>
          <Field
            name="confirmation"
            label={`Type the user's name, ${name}, to delete them for good`}
            required
            autocomplete="off"
          />
          <div class="actions">
            <button type="submit" class="danger">
              Delete {name}
            </button>
            <a href={userPath(name)}>Back</a>
          </div>
        </Post>
      </div>
    </>,
  );
}

function secretRow({ objectId, objectName, property, how, last }: KnownSecret) {
  return [
    <a href={`/objects/${objectId}`}>
      <Said text={objectName} />
    </a>,
    <Said text={property} />,
    how === "read" ? (
      <>
        read <Time value={last} />
      </>
    ) : (
      { stored: "stored by them", "could-read": "could read" }[how]
    ),
  ];
}

export const deleteUserPost = page(
  { ...common, method: "POST", form: v.object({ confirmation: text }) },
  async (call) => {
    const { dependencies, path, form, admin } = call;
    const { db } = dependencies;
    const { name } = await knownUser(db, path["name"] ?? "");
    if (form.confirmation !== name) {
      const mistake = `nothing was deleted: what was typed is not the user's name; type ${name}, as it is written`;
      await record(db, admin, [{ action: common.action, outcome: "bad-request", detail: mistake }]);
      return await shown(call, new Problem("bad-request", mistake));
    }
    await changeState(db, admin, name, "remove", "keep-an-admin");
    return redirect(userPath(name), "user-deleted");
  },
);
