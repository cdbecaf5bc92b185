import type { Mails, WaitingMail } from "../../../../services/health.ts";
import { Said } from "../../parts/said.tsx";
import { Table } from "../../parts/table.tsx";
import { counted, Time } from "../../parts/text.tsx";
import { More } from "./more.tsx";

/** Mails that are not sent yet. */
export function WaitingMails({ mails: { count, first } }: { mails: Mails }) {
  return (
    <>
      <h2>Mails that wait now</h2>
      {count === 0 || first === null ? (
        <p>
          {count === 0
            ? "No mail waits."
            : `${counted(count, "mail waits", "mails wait")}; a superuser sees for whom, and why.`}
        </p>
      ) : (
        <>
          <p>
            They are sent as soon as the mail server takes them, and dropped after a week. A server that was
            started without <code>--smtp-url</code> sends none.
          </p>
          <Table
            caption="Mails that wait, those that are due first"
            columns={["Written", "To", "Subject", "Attempts", "Last error", "Next attempt"]}
            empty="No mail waits."
            rows={first.map(row)}
          />
          <More list={{ shown: first, count }} />
        </>
      )}
    </>
  );
}

function row({ created, recipients, toAdmins, subject, attempts, lastError, due }: WaitingMail) {
  return [
    <Time value={created} />,
    <div>
      {recipients.map((address) => (
        <div>
          <Said text={address} />
        </div>
      ))}
      {toAdmins && <div>the addresses of --admin-mail</div>}
    </div>,
    <Said text={subject} />,
    String(attempts),
    <Said text={lastError} />,
    <Time value={due} />,
  ];
}
