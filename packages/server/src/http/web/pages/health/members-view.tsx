import { clientCommand } from "@pstore/core/client-command";
import type { Child } from "hono/jsx";
import type { CheckResult } from "../../../../services/health.ts";
import { withQuery } from "../../parts/pager.tsx";
import { Table } from "../../parts/table.tsx";
import { Badge, counted } from "../../parts/text.tsx";
import { UserLink } from "../users/parts.tsx";
import { More } from "./more.tsx";

interface MembersProps {
  readonly result: CheckResult;
  /** Whether to lead to the objects. */
  readonly seesAll: boolean;
}

/** Members whom a writer should see to: this server cannot, as it has no key to sign with. */
export function Members({ result, seesAll }: MembersProps) {
  const objects = (user: string, count: number, text = counted(count, "object")): Child =>
    seesAll ? <a href={withQuery("/objects", { user })}>{text}</a> : text;
  const { waiting, departed, stale } = result;
  return (
    <>
      <h2>Members who wait to be let in</h2>
      <Table
        caption="Members to whom nothing is encrypted yet"
        columns={["User", "Waits on", "What to do"]}
        empty="Nobody waits."
        rows={waiting.shown.map(({ user, objects: count }) => [
          <UserLink name={user} />,
          objects(user, count),
          <>
            once {user} has a usable key, a writer of each runs{" "}
            <code>{clientCommand(`--pending=${user}`)}</code>
          </>,
        ])}
      />
      <More list={waiting} />
      <h2>Members who may not sign in</h2>
      {departed.count > 0 && (
        <p>
          Disabling or deleting a user revokes nobody: the signed lists of members name them until a writer
          takes them out. They may know still what they could read.
        </p>
      )}
      <Table
        caption="Disabled or deleted users who are members still"
        columns={["User", "State", "Member of", "What to do"]}
        empty="No member is disabled or deleted."
        rows={departed.shown.map((one) => [
          <UserLink name={one.user} />,
          <Badge kind="warning">{states[one.state]}</Badge>,
          objects(one.user, one.objects),
          <Offboard {...one} />,
        ])}
      />
      <More list={departed} />
      <h2>Values encrypted to earlier keys</h2>
      <Table
        caption="Members to whose present keys not everything is encrypted"
        columns={["User", "Objects", "Why", "What to do"]}
        empty="Everything is encrypted to the present keys of its members."
        rows={stale.shown.map((one) => [
          <UserLink name={one.user} />,
          objects(one.user, one.objects),
          <StaleReason {...one} />,
          <Rewrap {...one} />,
        ])}
      />
      <More list={stale} />
    </>
  );
}

const states = { disabled: "disabled", removed: "deleted", unknown: "never added" } as const;

type Departed = CheckResult["departed"]["shown"][number];

function Offboard({ user, objects, stuck }: Departed) {
  return (
    <>
      {stuck < objects && (
        <div>
          a writer of each runs <code>{clientCommand("--offboard", user)}</code>, which also lists the secrets
          to change
        </div>
      )}
      {stuck > 0 && (
        <div>
          nobody can write {counted(stuck, "object")}: Consistency says how somebody can again; else withhold{" "}
          {stuck === 1 ? "it" : "them"}, or have {stuck === 1 ? "it" : "them"} created anew under another name
        </div>
      )}
    </>
  );
}

type Stale = CheckResult["stale"]["shown"][number];

function StaleReason({ outdated, lacking }: Stale) {
  return (
    <>
      {outdated > 0 && (
        <div>
          {counted(outdated, "object lists", "objects list")} a key, or a part of one, that is not current
        </div>
      )}
      {lacking > 0 && (
        <div>
          {counted(lacking, "object is", "objects are")} not encrypted to all present keys of the user
        </div>
      )}
    </>
  );
}

function Rewrap({ user, objects, own, usable }: Stale) {
  const ownCommand = <code>{clientCommand("--rewrap")}</code>;
  const command = <code>{clientCommand(`--rewrap=${user}`)}</code>;
  if (!usable)
    return (
      <>
        add a usable key of {user} first; then a writer runs {command}
      </>
    );
  if (own === 0) return <>a writer of each runs {command}</>;
  if (own < objects)
    return (
      <>
        {user} runs {ownCommand}, and a writer of the others {command}
      </>
    );
  return (
    <>
      {user} runs {ownCommand}, or a writer {command}
    </>
  );
}
