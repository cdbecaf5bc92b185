import type { Child } from "hono/jsx";
import type { Day, Totals } from "../../../../services/figures.ts";
import type { AttentionCounts } from "../../../../services/health.ts";
import type { Admin } from "../../../../services/web/sessions.ts";
import { mayVisit } from "../../needs.ts";
import type { Need } from "../../page.ts";
import { BarPlot, LinePlot, shownNumber } from "../../parts/plot.tsx";
import { roundUp, roundUpBytes } from "../../parts/scale.ts";
import { Table } from "../../parts/table.tsx";
import { counted, Facts, Notice, sizeText } from "../../parts/text.tsx";

/** What somebody should look at. */
export function Attention({ totals, counts }: { totals: Totals; counts: AttentionCounts }) {
  const { usersWithoutKey } = totals;
  const { failed, faults, endingKeys, failingMails } = counts;
  const lines = [
    faults > 0 && `The last check of the store found ${counted(faults, "fault")}.`,
    failed && "The last check of the store could not be finished.",
    endingKeys > 0 &&
      `${counted(endingKeys, "public key expires", "public keys expire")} within 90 days, or ${endingKeys === 1 ? "has" : "have"} expired.`,
    usersWithoutKey > 0 &&
      `${counted(usersWithoutKey, "active user has", "active users have")} no public key: nothing can be shared with them, and they cannot sign in with pstore.`,
    failingMails > 0 && `${counted(failingMails, "mail")} could not be sent so far.`,
  ].filter((line) => line !== false);
  if (lines.length === 0) return null;
  return (
    <Notice kind="warning">
      {lines.map((line) => (
        <p>{line}</p>
      ))}
      <p>
        <a href="/health">See Health</a>
      </p>
    </Notice>
  );
}

interface SummaryProps {
  readonly totals: Totals;
  readonly today: Day | undefined;
  readonly admin: Admin;
}

/** How much there is. */
export function Summary({ totals, today, admin }: SummaryProps) {
  const link = (path: string, need: Need, text: string): Child =>
    mayVisit(admin, need) ? <a href={path}>{text}</a> : text;
  const { done, refused } = { done: today?.done ?? 0, refused: today?.refused ?? 0 };
  return (
    <div class="card">
      <Facts
        rows={[
          ["Objects", link("/objects", "viewer", totals.objects.toLocaleString("en-US"))],
          ["Users", link("/users", "staff", totals.users.toLocaleString("en-US"))],
          ["Public keys", link("/keys", "staff", totals.keys.toLocaleString("en-US"))],
          ["Stored", `${sizeText(totals.storedBytes)}, with earlier values that are kept`],
          [
            "Today (UTC)",
            <>
              {link("/log", "viewer", counted(done, "operation"))} done,{" "}
              {link("/log?outcome=refused", "viewer", refused.toLocaleString("en-US"))} refused
            </>,
          ],
        ]}
      />
    </div>
  );
}

const sum = (values: readonly (number | null)[]) =>
  values.reduce<number>((total, value) => total + (value ?? 0), 0);

/** What happened, and how much there was, day by day. */
export function Plots({ days }: { days: readonly Day[] }) {
  const names = days.map((one) => one.day);
  const done = days.map((one) => one.done);
  const refused = days.map((one) => one.refused);
  const objects = days.map((one) => one.objects);
  const stored = days.map((one) => one.storedBytes);
  return (
    <>
      <div class="grid">
        <figure class="card">
          <figcaption>
            <h3>Operations per day</h3>
            <p class="hint">done: above the line; refused: below it</p>
          </figcaption>
          <BarPlot
            id="operations"
            title="Operations per day"
            description={`${counted(sum(done), "operation")} done and ${sum(refused).toLocaleString("en-US")} refused in ${days.length} days; the table below has each day.`}
            days={names}
            above={done}
            below={refused}
          />
        </figure>
        <figure class="card">
          <figcaption>
            <h3>Objects</h3>
            <p class="hint">at the end of each day</p>
          </figcaption>
          <LinePlot
            id="objects"
            title="Objects at the end of each day"
            description={growth(objects, (value) => value.toLocaleString("en-US"))}
            days={names}
            values={objects}
            shown={shownNumber}
            roundUp={roundUp}
          />
        </figure>
        <figure class="card">
          <figcaption>
            <h3>Stored</h3>
            <p class="hint">at the end of each day, with earlier values that are kept</p>
          </figcaption>
          <LinePlot
            id="stored"
            title="Bytes stored at the end of each day"
            description={growth(stored, sizeText)}
            days={names}
            values={stored}
            shown={(bytes) => sizeText(bytes).replace(".0 ", " ")}
            roundUp={roundUpBytes}
          />
        </figure>
      </div>
      <p class="hint">
        A day is counted once it is over, in UTC. How much there was at the end of a day is known only where a
        server ran soon after it; it cannot be found out later.
      </p>
    </>
  );
}

function growth(values: readonly (number | null)[], shown: (value: number) => string): string {
  const known = values.filter((value) => value !== null);
  const [first = 0, last = 0] = [known[0], known.at(-1)];
  return `From ${shown(first)} to ${shown(last)} in the ${counted(known.length, "day")} that are known; the table below has each.`;
}

/** The figures of the plots, for whoever reads numbers rather. */
export function DayTable({ days }: { days: readonly Day[] }) {
  const cell = (value: number | null, shown = (known: number) => known.toLocaleString("en-US")) =>
    value === null ? "not known" : shown(value);
  return (
    <details>
      <summary>The same as a table</summary>
      <Table
        caption="Figures of each day, the last one first"
        columns={["Day (UTC)", "Done", "Refused", "Objects", "Stored"]}
        rows={days
          .toReversed()
          .map((one) => [
            one.day,
            cell(one.done),
            cell(one.refused),
            cell(one.objects),
            cell(one.storedBytes, sizeText),
          ])}
        empty="There is no day yet."
      />
    </details>
  );
}
