import type { Dependents } from "../../../../services/dependents.ts";
import { ClientCommand } from "../../parts/command.tsx";
import { Notice } from "../../parts/text.tsx";
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
    </>
  );
}

/** What nobody could do without a user; the worst first. */
export function Losses({ name, dependents }: { name: string; dependents: Dependents }) {
  const { soleMember, soleWriter, onlyAdmin } = dependents;
  return (
    <>
      {soleMember.count > 0 && (
        <Notice kind="bad">
          <p>
            <strong>Nobody else can read {countText(soleMember, "object")}:</strong> {name} is the only member
            who may sign in. Have {name} let a colleague in first, else what is in them is lost.
          </p>
          <ObjectList objects={soleMember} user={name} />
        </Notice>
      )}
      {soleWriter.count > 0 && (
        <Notice kind="warning">
          <p>
            <strong>Nobody else can change {countText(soleWriter, "object")}:</strong> the other members only
            read. Have {name} give a colleague write access first.
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
