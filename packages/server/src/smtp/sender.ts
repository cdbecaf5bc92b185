import { asciiLine } from "@pstore/core/visible";
import type { MailConfig } from "../mail-config.ts";
import { type Send, type Sending, sendingTime } from "../services/mail/delivery.ts";

/** How long to wait for a connection, and then for a greeting, in milliseconds. */
const greetingTime = 20_000;

/** Sends mails through a mail server, each over a connection of its own. */
export async function smtpSender({ host, port, security, login, from }: MailConfig): Promise<Send> {
  // Servers that send no mail need none of it.
  const { createTransport } = await import("nodemailer");
  const transport = createTransport({
    host,
    port,
    secure: security === "tls",
    requireTLS: security === "starttls",
    ignoreTLS: security === "none",
    ...(login === null ? {} : { auth: { user: login.user, pass: login.password }, forceAuth: true }),
    connectionTimeout: greetingTime,
    greetingTimeout: greetingTime,
    socketTimeout: sendingTime,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = from.slice(from.lastIndexOf("@") + 1);
  return async (mail, stopping) => {
    try {
      await transport.sendMail({
        from: { name: "pstore", address: from },
        to: { name: "", address: mail.recipient },
        subject: mail.subject,
        text: mail.body,
        messageId: `<${mail.id}@${domain}>`,
        date: mail.written,
        // Commands in it stay whole, however long they are, and letters beside ASCII too.
        textEncoding: "quoted-printable",
        // RFC 3834: nobody's absence is told to us.
        headers: { "Auto-Submitted": "auto-generated" },
        signal: AbortSignal.any([AbortSignal.timeout(sendingTime), stopping]),
      });
      return { is: "sent" };
    } catch (error) {
      return failureOf(error as SmtpError, `${host}:${port}`);
    }
  };
}

/** What nodemailer's errors say beside their message. */
interface SmtpError extends Error {
  readonly code?: string;
  readonly originalCode?: string;
  /** What was sent when the error came. */
  readonly command?: string;
  readonly responseCode?: number;
  readonly response?: string;
  /** The mail server will not take the same again. */
  readonly permanent?: boolean;
}

function failureOf(error: SmtpError, server: string): Sending {
  const { code, command, responseCode, response } = error;
  const words = asciiLine(response ?? "").slice(0, 150);
  // A refused sender is a matter of our options, and so of every mail.
  const isOfThisMail = code === "EMESSAGE" || (code === "EENVELOPE" && command === "RCPT TO");
  if (isOfThisMail && responseCode !== undefined) {
    return { is: error.permanent === true ? "refused" : "deferred", why: `the mail server says: ${words}` };
  }
  return { is: "unreachable", why: `the mail server ${server} ${reasonOf()}` };

  function reasonOf(): string {
    // Of a sign-in nothing is repeated that the mail server says.
    if (code === "EAUTH" || code === "ENOAUTH")
      return "did not let us sign in; check the user and the password file";
    if (code === "EENVELOPE") return `does not take our sender address (${words})`;
    if (code === "ETLS" && responseCode !== undefined)
      return `offers no STARTTLS (${words}); give an smtps:// URL, or starttls=no in it`;
    if (code === "EABORT" || code === "ETIMEDOUT") return "did not answer in time";
    return `cannot be used (${asciiLine(error.originalCode ?? code ?? "")}: ${asciiLine(error.message).slice(0, 150)})`;
  }
}
