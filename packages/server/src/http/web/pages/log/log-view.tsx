import type { Child } from "hono/jsx";
import type { AuditRow } from "../../../../services/audit.ts";
import { auditActions } from "../../../../services/audit-actions.ts";
import { Choice, Field } from "../../parts/form.tsx";
import { Said } from "../../parts/said.tsx";
import { Table } from "../../parts/table.tsx";
import { Badge, Time } from "../../parts/text.tsx";
import { keyPath } from "../keys/paths.ts";
import { userPath } from "../users/paths.ts";
import type { LogQuery } from "./log-query.ts";

const columns = ["Time", "User", "What", "Object", "Outcome", "From where", "Details"];

export function LogFilter({ query }: { query: LogQuery }) {
  return (
    <form method="get" action="/log" class="filters">
      <Field name="user" label="User" value={query.user} maxlength={150} />
      <Field name="object" label="Object" value={query.object} maxlength={255} />
      <Choice
        name="action"
        label="What"
        value={query.action}
        options={[["", "anything"], ...auditActions.map((action) => [action, action] as const)]}
      />
      <Choice
        name="outcome"
        label="Outcome"
        value={query.outcome}
        options={[
          ["", "any"],
          ["done", "done"],
          ["refused", "refused"],
        ]}
      />
      <Field name="from" label="First day (UTC)" type="date" value={query.from} />
      <Field name="to" label="Last day (UTC)" type="date" value={query.to} />
      <div class="actions">
        <button type="submit">Search</button>
        <a class="button second" href="/log">
          All
        </a>
      </div>
    </form>
  );
}

export function LogTable({ rows, empty }: { rows: readonly AuditRow[]; empty: string }) {
  return <Table caption="The log, newest first" columns={columns} rows={rows.map(cells)} empty={empty} />;
}

function cells(row: AuditRow): Child[] {
  return [
    <Time value={row.time} exact />,
    <User name={row.user_name} />,
    row.action,
    <Place row={row} />,
    row.outcome === "ok" ? <Badge kind="good">done</Badge> : <Badge kind="bad">refused: {row.outcome}</Badge>,
    <From row={row} />,
    <Said text={row.detail} />,
  ];
}

/** No user's name holds a colon: what does is `pstore-server` itself, or who used it. */
function User({ name }: { name: string }) {
  if (name === "") return <span class="quiet">nobody known</span>;
  if (name.includes(":")) return <Said text={name} />;
  return (
    <a href={userPath(name)}>
      <Said text={name} />
    </a>
  );
}

function Place({ row }: { row: AuditRow }) {
  const name = row.object_name || row.object_id;
  const said = <Said text={name} />;
  return (
    <>
      {row.object_id === "" ? said : <a href={`/objects/${encodeURIComponent(row.object_id)}`}>{said}</a>}
      {row.property !== "" && (
        <>
          {name !== "" && ", "}
          <code>
            <Said text={row.property} />
          </code>
        </>
      )}
    </>
  );
}

function From({ row }: { row: AuditRow }) {
  const address = <Said text={row.address} />;
  if (row.fingerprint === "") return address;
  return (
    <>
      {address}{" "}
      <a href={keyPath(row.fingerprint)} aria-label="The key that signed in">
        key
      </a>
    </>
  );
}
