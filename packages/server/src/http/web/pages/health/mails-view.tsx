import type { Mails, WaitingMail } from "../../../../services/health.ts";
import { Said } from "../../parts/said.tsx";
import { Table } from "../../parts/table.tsx";
import { counted, Time } from "../../parts/text.tsx";
import { More } from "./more.tsx";

/** Mails that are not sent yet. */
export function WaitingMails({ mails, sendsMail }: { mails: Mails; sendsMail: boolean }) {
  const { count, first } = mails;
  const now = new Date().toISOString();
  return (
    <>
      <h2>Mails that wait now</h2>
      {count > 0 && !sendsMail ? (
        <p>
          {counted(count, "mail waits", "mails wait")} for a server that is started with{" "}
          <code>--smtp-url</code>: this one sends none, and drops a mail after a week.
        </p>
      ) : count === 0 || first === null ? (
        <p>
          {count === 0
            ? "No mail waits."
            : `${counted(count, "mail waits", "mails wait")}; a superuser sees for whom, and why.`}
        </p>
      ) : (
        <>
          <p>They are sent as soon as the mail server takes them, and dropped after a week.</p>
          <Table
            caption="Mails that wait, those that are due first"
            columns={["Written", "To", "Subject", "Attempts", "Last error", "Next attempt"]}
            empty="No mail waits."
            rows={first.map((mail) => row(mail, now))}
          />
          <More list={{ shown: first, count }} />
        </>
      )}
    </>
  );
}

function row({ created, recipients, toAdmins, subject, attempts, lastError, due }: WaitingMail, now: string) {
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
    due <= now ? "as soon as a server with --smtp-url runs" : <Time value={due} />,
  ];
}
