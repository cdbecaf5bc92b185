import { readHealth } from "../../../../services/health.ts";
import { type Page, page } from "../../page.ts";
import { html, redirect } from "../../reply.tsx";
import { CheckState, Faults } from "./check-view.tsx";
import { EndingKeys, KeylessUsers } from "./keys-view.tsx";
import { WaitingMails } from "./mails-view.tsx";
import { Members } from "./members-view.tsx";
import { Sizes, Unsigned } from "./store-view.tsx";

/** For so long a form waits for its check, in milliseconds: that of a small store is done by then. */
const patience = 2000;

export const healthPages: readonly Page[] = [
  page(
    { method: "GET", path: "/health", need: "staff", action: "check" },
    async ({ dependencies: { db, sendsMail }, admin, visit }) => {
      const health = await readHealth(db, admin);
      const { last, mails } = health;
      return await html(
        visit,
        { title: "Health" },
        <>
          <CheckState visit={visit} health={health} />
          {last !== null && (
            <>
              <Faults faults={last.result.faults} />
              <EndingKeys ending={last.result.ending} />
              <KeylessUsers keyless={last.result.keyless} />
              <Members result={last.result} seesAll={admin.seesAll} />
              <Unsigned count={last.result.unsigned} />
            </>
          )}
          <Sizes health={health} seesAll={admin.seesAll} />
          <WaitingMails mails={mails} sendsMail={sendsMail} />
        </>,
      );
    },
  ),
  page(
    { method: "POST", path: "/health/check", need: "staff", action: "check" },
    async ({ dependencies: { db, checks }, admin }) => {
      if (!(await checks.begin(admin))) return redirect("/health", "check-goes-on");
      await checks.wait(patience);
      const { runningSince, failed } = await readHealth(db, admin);
      if (failed !== null) return redirect("/health");
      return redirect("/health", runningSince === null ? "checked" : "check-begun");
    },
  ),
];
