import type { CheckResult, Health } from "../../../../services/health.ts";
import { Post } from "../../parts/form.tsx";
import { Said } from "../../parts/said.tsx";
import { Table } from "../../parts/table.tsx";
import { counted, Notice, Time } from "../../parts/text.tsx";
import type { Visit } from "../../visit.ts";
import { More } from "./more.tsx";

/** Whether a check goes on, what became of the last one, and the way to the next. */
export function CheckState({ visit, health }: { visit: Visit; health: Health }) {
  const { runningSince, failed, last } = health;
  return (
    <>
      {failed !== null && (
        <Notice kind="bad">
          <p>
            The check that ended at <Time value={failed} /> failed before it had looked at everything. The
            server's log says why.
          </p>
        </Notice>
      )}
      {last === null ? (
        <p>
          The store has not been checked yet. A check looks at every object, revision and key; nobody has to
          wait for it.
        </p>
      ) : (
        <p>
          Last checked: <Time value={last.finished} />, {counted(last.result.objects, "object")} in{" "}
          {durationText(Date.parse(last.finished) - Date.parse(last.started))}. What follows is as it was
          then, where it does not say otherwise.
        </p>
      )}
      {runningSince === null ? (
        <Post visit={visit} action="/health/check">
          <p>
            <button type="submit">Check now</button>
          </p>
        </Post>
      ) : (
        <Notice kind="plain">
          <p>
            A check goes on since <Time value={runningSince} />. <a href="/health">Reload this page</a> to see
            whether it is done.
          </p>
        </Notice>
      )}
      <p class="hint">
        The server checks by itself, too: when the last check was a day ago. On its host,{" "}
        <code>pstore-server check</code> does the same.
      </p>
    </>
  );
}

function durationText(milliseconds: number): string {
  if (milliseconds < 1000) return "less than a second";
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 120) return counted(seconds, "second");
  return counted(Math.round(seconds / 60), "minute");
}

/** What is wrong with the store, and what to do about it. */
export function Faults({ faults }: { faults: CheckResult["faults"] }) {
  return (
    <>
      <h2>Consistency</h2>
      {faults.count === 0 ? (
        <Notice kind="good">
          <p>
            No faults were found: every revision is signed and follows from the one before, and every value is
            there for everybody who may read it.
          </p>
        </Notice>
      ) : (
        <>
          <Notice kind="warning">
            <p>{counted(faults.count, "fault")} found. Each says what to do about it.</p>
          </Notice>
          <Table
            caption="Faults, each with what to do about it"
            columns={["Kind", "Where", "What is wrong", "What to do"]}
            empty="There are none."
            rows={faults.shown.map(({ kind, where, fault, solution }) => [
              <span class="whole">{kind}</span>,
              <Said text={where} />,
              <Said text={fault} />,
              <Said text={solution} />,
            ])}
          />
          <More list={faults}>
            <code>pstore-server check</code> lists them all.
          </More>
        </>
      )}
    </>
  );
}
