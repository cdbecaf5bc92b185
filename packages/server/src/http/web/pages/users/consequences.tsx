import type { Dependents } from "../../../../services/dependents.ts";
import type { UserTable } from "../../../../services/user-list.ts";
import { ClientCommand } from "../../parts/command.tsx";
import { counted, Notice } from "../../parts/text.tsx";
import { ObjectList } from "./objects.tsx";
import { countText } from "./parts.tsx";

/** What becomes of objects whose member can do nothing any more. */
export function Offboarding({ name, dependents }: { name: string; dependents: Dependents }) {
  const { objects } = dependents;
  if (objects.count === 0) return <p>{name} is a member of no object.</p>;
  return (
    <>
      <p>
        <strong>It does not revoke.</strong> The members of an object are signed by those who may write it,
        and this server has no key to sign with. {name} stays in the signed member lists of{" "}
        {countText(objects, "object")}, and pstore refuses to write an object while somebody in its list
        cannot sign in. To take {name} out of all of them, a writer of each runs
      </p>
      <ClientCommand words={["--offboard", name]} />
      {stuckOf(dependents) > 0 && <p>Where nobody but {name} writes, nobody is left to do that.</p>}
    </>
  );
}

type WhoIs = Pick<UserTable, "name" | "active" | "removed">;

/** How many objects nobody else writes who may sign in. */
function stuckOf({ soleMember, soleWriter }: Dependents): number {
  return soleMember.count + soleWriter.count;
}

interface StillMemberProps {
  readonly user: WhoIs;
  /** `null`: there are too many to look into each. */
  readonly dependents: Dependents | null;
}

/** That who was disabled or deleted is a member still, and who can change that. */
export function StillMember({ user: { name, active, removed }, dependents }: StillMemberProps) {
  if (active === 1 && removed === null) return null;
  const stuck = dependents === null ? 0 : stuckOf(dependents);
  const isHopeless = dependents !== null && stuck === dependents.objects.count;
  return (
    <Notice kind="warning">
      <p>
        <strong>
          {name} is {removed === null ? "disabled" : "deleted"}, and not revoked.
        </strong>{" "}
        Only a writer of an object can take {name} out of its members, and pstore refuses to write it before.
        {!isHopeless && " A writer of each runs"}
      </p>
      {!isHopeless && (
        <>
          <ClientCommand words={["--offboard", name]} />
          <p>That also lists the secrets that {name} knows, to be changed.</p>
        </>
      )}
      {stuck > 0 && (
        <p>
          {counted(stuck, "object has", "objects have")} no other writer who may sign in, so nobody can do
          that there, nor change {stuck === 1 ? "it" : "them"} in any other way:{" "}
          {removed === null && `enable ${name} again, or `}
          withhold {stuck === 1 ? "it" : "them"}, or have {stuck === 1 ? "it" : "them"} created anew under
          another name.
        </p>
      )}
    </Notice>
  );
}

/** How what only one user can read, or write, comes to somebody else. */
function wayOut({ name, active, removed }: WhoIs, what: "read" | "write"): string {
  if (removed !== null)
    return what === "read"
      ? `${name} signs in no more, and no key but ${name}'s opens what was encrypted. Nobody can change it any more, either.`
      : "whoever reads it can put its values into a new object.";
  const whom = active === 1 ? `have ${name}` : `enable ${name} again, and have ${name}`;
  return what === "read"
    ? `${whom} let a colleague in before they leave, else what is in it is lost.`
    : `${whom} give a colleague write access before they leave.`;
}

/** What nobody could do without a user; the worst first. */
export function Losses({ user, dependents }: { user: WhoIs; dependents: Dependents }) {
  const { name } = user;
  const { soleMember, soleWriter, onlyAdmin } = dependents;
  return (
    <>
      {soleMember.count > 0 && (
        <Notice kind="bad">
          <p>
            <strong>Nobody else can read {countText(soleMember, "object")}:</strong> {wayOut(user, "read")}
          </p>
          <ObjectList objects={soleMember} user={name} />
        </Notice>
      )}
      {soleWriter.count > 0 && (
        <Notice kind="warning">
          <p>
            <strong>Nobody else can change {countText(soleWriter, "object")}:</strong> the other members only
            read; {wayOut(user, "write")}
          </p>
          <ObjectList objects={soleWriter} user={name} />
        </Notice>
      )}
      {onlyAdmin && (
        <Notice kind="bad">
          <p>{name} is the only active superuser of the staff.</p>
        </Notice>
      )}
    </>
  );
}
