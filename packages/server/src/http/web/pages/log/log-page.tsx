import * as v from "valibot";
import type { AuditRow } from "../../../../services/audit.ts";
import { downloadAudit, pageOfAudit } from "../../../../services/audit-log.ts";
import { csvRow } from "../../../../services/csv.ts";
import { streamOf } from "../../../stream.ts";
import { type Page, page } from "../../page.ts";
import { Pager, withQuery } from "../../parts/pager.tsx";
import { Notice } from "../../parts/text.tsx";
import { html } from "../../reply.tsx";
import { filterOf, logQuery, placeOf, placeText, textOf } from "./log-query.ts";
import { LogFilter, LogTable } from "./log-view.tsx";

/** Rows on one page. */
const limit = 50;
/** For how long rows that fit are looked for before the page shows those that were found, in milliseconds. */
const patience = 40;

export const logPages: readonly Page[] = [
  page(
    {
      method: "GET",
      path: "/log",
      need: "viewer",
      action: "show log",
      query: v.object({ ...logQuery.entries, after: v.optional(placeText) }),
    },
    async ({ dependencies, query, visit }) => {
      const { after, ...filter } = query;
      const found = await pageOfAudit(dependencies.db, filterOf(filter), {
        after: placeOf(after),
        limit,
        patience,
      });
      const next = found.next === null ? null : textOf(found.next);
      return await html(
        visit,
        { title: "Log" },
        <>
          <LogFilter query={filter} />
          <p class="hint">
            Names are given whole; an object is found by the name that it has, and by those that it had.{" "}
            <code>cli:NAME</code> is NAME as a user of <code>pstore-server</code>. Days and times are in UTC
            here.
          </p>
          <p>
            <a href={withQuery("/log.csv", filter)}>Download these rows of all pages (CSV)</a>
          </p>
          {found.isPart && next !== null && (
            <Notice kind="warning">
              <p>
                The log was looked through back to {next.slice(0, 10)} {next.slice(11, 16)} UTC only: rows
                that fit are rare.{" "}
                <a href={withQuery("/log", { ...filter, after: next })}>Look at what is older</a>
              </p>
            </Notice>
          )}
          <LogTable
            rows={found.rows}
            empty={found.isPart ? "Nothing that fits so far." : "The log has no such row."}
          />
          <Pager path="/log" query={query} next={next} />
        </>,
      );
    },
  ),
  page(
    { method: "GET", path: "/log.csv", need: "viewer", action: "download log", query: logQuery },
    async ({ dependencies, query, admin }) => {
      const rows = downloadAudit(dependencies.db, admin, filterOf(query));
      const day = new Date().toISOString().slice(0, 10);
      return new Response(streamOf(csvOf(rows), dependencies.pace), {
        headers: {
          "content-type": "text/csv; charset=utf-8; header=present",
          "content-disposition": `attachment; filename="pstore-log-${day}.csv"`,
        },
      });
    },
  ),
];

const header = [
  "time",
  "user",
  "key",
  "action",
  "object",
  "object id",
  "property",
  "outcome",
  "address",
  "detail",
];

async function* csvOf(pages: AsyncGenerator<readonly AuditRow[]>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  yield Buffer.from(csvRow(header));
  for await (const rows of pages) yield Buffer.from(rows.map((row) => csvRow(cells(row))).join(""));
}

function cells(row: AuditRow): readonly string[] {
  const { time, user_name, fingerprint, action, object_name, object_id, property, outcome } = row;
  return [
    time,
    user_name,
    fingerprint,
    action,
    object_name,
    object_id,
    property,
    outcome,
    row.address,
    row.detail,
  ];
}
