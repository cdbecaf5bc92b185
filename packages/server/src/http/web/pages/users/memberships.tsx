import type { CountUpTo } from "../../../../services/count-up-to.ts";
import type { Dependents } from "../../../../services/dependents.ts";
import type { UserTable } from "../../../../services/user-list.ts";
import type { Admin } from "../../../../services/web/sessions.ts";
import { withQuery } from "../../parts/pager.tsx";
import { Losses, StillMember } from "./consequences.tsx";
import { ObjectList } from "./objects.tsx";
import { countText } from "./parts.tsx";

interface MembershipsProps {
  readonly user: UserTable;
  readonly objects: CountUpTo;
  /** `null`: there are too many to look into each. */
  readonly dependents: Dependents | null;
  readonly admin: Admin;
}

/** Of what a user is a member, and what hangs on them alone; with names for who may know them. */
export function Memberships({ user, objects, dependents, admin }: MembershipsProps) {
  const { name } = user;
  const waiting = dependents?.waiting.count ?? 0;
  return (
    <section aria-labelledby="objects">
      <h2 id="objects">Objects</h2>
      {objects.count === 0 ? (
        <p class="empty">{name} is a member of no object.</p>
      ) : (
        <p>
          {name} is a member of {countText(objects, "object")}
          {waiting > 0 && `, and waits to be let in on ${waiting.toLocaleString("en-US")} of them`}.
        </p>
      )}
      {objects.count > 0 && <StillMember user={user} dependents={dependents} />}
      {admin.seesAll ? (
        <Named user={user} objects={objects} dependents={dependents} />
      ) : (
        <Unnamed dependents={dependents} />
      )}
    </section>
  );
}

function Named({ user, objects, dependents }: Omit<MembershipsProps, "admin">) {
  const { name } = user;
  return (
    <>
      {dependents !== null && (
        <>
          <Losses user={user} dependents={dependents} />
          <ObjectList objects={dependents.objects} user={name} />
        </>
      )}
      {objects.count > 0 && (
        <p>
          <a href={withQuery("/objects", { user: name })}>All objects of {name}</a>, and{" "}
          <a href={withQuery("/objects", { user: name, access: "only" })}>those that nobody else can read</a>
        </p>
      )}
      <p>
        <a href={withQuery("/log", { user: name })}>What {name} did, in the log</a>
      </p>
    </>
  );
}

function Unnamed({ dependents }: Pick<MembershipsProps, "dependents">) {
  const { soleMember, soleWriter } = dependents ?? {};
  return (
    <>
      {soleMember !== undefined && soleMember.count > 0 && (
        <p>Nobody else who may sign in can read {countText(soleMember, "object")} of them.</p>
      )}
      {soleWriter !== undefined && soleWriter.count > 0 && (
        <p>
          Nobody else who may sign in can change {countText(soleWriter, "object")} of them, though others
          read.
        </p>
      )}
      <p class="quiet">Their names are shown to who may view any object.</p>
    </>
  );
}
