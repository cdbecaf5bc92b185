import { keyOf } from "../../../../services/key-list.ts";
import type { KeyStanding, MachineOfKey } from "../../../../services/key-standing.ts";
import { standingOfKey } from "../../../../services/key-standing.ts";
import { removeKey } from "../../../../services/keys.ts";
import { page } from "../../page.ts";
import { ClientCommand } from "../../parts/command.tsx";
import { Post } from "../../parts/form.tsx";
import { Said } from "../../parts/said.tsx";
import { counted, Notice } from "../../parts/text.tsx";
import { html, redirect } from "../../reply.tsx";
import { userPath } from "../users/paths.ts";
import { askedKey } from "./asked.ts";
import { keyPath } from "./paths.ts";
import { KeyCard } from "./show.tsx";

/** So many objects are named of each kind. */
const shownObjects = 50;

const common = { path: "/key/remove", need: "superuser", action: "remove key", query: askedKey } as const;

export const removeKeyForm = page(
  { ...common, method: "GET" },
  async ({ dependencies: { db }, query: { fingerprint }, visit }) => {
    const standing = await standingOfKey(db, fingerprint);
    const key = await keyOf(db, fingerprint);
    return await html(
      visit,
      { title: `Remove this key of ${standing.user}?` },
      <>
        <KeyCard shown={key} />
        <Consequences standing={standing} />
        <Post visit={visit} action={keyPath(fingerprint, "/remove")}>
          <div class="actions">
            <button type="submit" class="danger">
              Remove the key
            </button>
            <a href={keyPath(fingerprint)}>Back</a>
          </div>
        </Post>
      </>,
    );
  },
);

function Consequences({ standing }: { standing: KeyStanding }) {
  const { user, machines, hasOther } = standing;
  const lost = machines.filter(({ onlyReader }) => onlyReader);
  const sole = machines.filter(({ onlyWriter, onlyReader }) => onlyWriter && !onlyReader);
  const only = machines.filter(({ onlyKey }) => onlyKey);
  const rest = machines.length - only.length;
  return (
    <>
      {lost.length > 0 && (
        <Notice kind="bad">
          <p>
            <strong>Nobody could read {counted(lost.length, "object")} any more,</strong> nor delete it,
            unless this key is added again.
          </p>
          <Names machines={lost} />
        </Notice>
      )}
      {sole.length > 0 && (
        <Notice kind="warning">
          <p>
            <strong>Nobody could change {counted(sole.length, "object")} any more,</strong> unless this key is
            added again.
          </p>
          <Names machines={sole} />
        </Notice>
      )}
      <div class="card">
        <p>
          With this key, {user} signs in no more, and their sessions with it end at once. Nothing more is
          encrypted to it. What was encrypted to it alone, older values too, {user} reads no more.
        </p>
        {only.length > 0 && (
          <>
            <p>
              {user} has access to {counted(only.length, "object")} with this key alone.
              {hasOther && ` To keep it, ${user} runs this before the key is removed, where both keys are:`}
            </p>
            {hasOther && <ClientCommand words={["--rewrap"]} />}
            <Names machines={only} />
            <p>
              {hasOther
                ? `Afterwards, ${user} reads them again once a writer of each runs`
                : `${user} has no other key that could take its place: add one, and then a writer of each object runs the next command. Until then, an object is changed only after ${user} was revoked or is kept waiting (--pending).`}
            </p>
            <ClientCommand words={[`--rewrap=${user}`]} />
          </>
        )}
        {rest > 0 && (
          <>
            <p>
              {counted(rest, "object lists", "objects list")} it beside another key of {user}, until {user}{" "}
              runs once more
            </p>
            <ClientCommand words={["--rewrap"]} />
          </>
        )}
        {machines.length === 0 && <p>No object lists it.</p>}
      </div>
    </>
  );
}

function Names({ machines }: { machines: readonly MachineOfKey[] }) {
  const rest = machines.length - shownObjects;
  return (
    <ul>
      {machines.slice(0, shownObjects).map(({ name }) => (
        <li>
          <Said text={name} />
        </li>
      ))}
      {rest > 0 && <li>and {rest.toLocaleString("en-US")} more</li>}
    </ul>
  );
}

export const removeKeyPost = page(
  { ...common, method: "POST" },
  async ({ dependencies: { db }, query: { fingerprint }, admin }) => {
    const { user } = await keyOf(db, fingerprint);
    await removeKey(db, admin, fingerprint);
    return redirect(userPath(user), "key-removed");
  },
);
