import { readArguments } from "../cli/arguments.ts";
import { type Command, commonHelp, withDatabase } from "../cli/command.ts";
import { defaults, serveConfig } from "../config.ts";
import { createApp } from "../http/app.ts";
import { listen } from "../http/listen.ts";
import { isJournal, type Log, makeLog } from "../log/log.ts";
import { LineQueue } from "../log/queue.ts";
import { isLoopback } from "../loopback.ts";
import { theStore } from "../services/accounts.ts";
import { listenToAudit } from "../services/audit.ts";
import { BackgroundCheck } from "../services/check/background.ts";
import { closeDays } from "../services/figures.ts";
import { Delivery } from "../services/mail/delivery.ts";
import { dropOldMails } from "../services/mail/queue.ts";
import { purgeReplaced } from "../services/retention.ts";
import { collectGarbage } from "../services/uploads.ts";
import { dropEndedSignIns } from "../services/web/ended.ts";
import { smtpSender } from "../smtp/sender.ts";
import { version } from "../version.ts";

const usage = "pstore-server serve [--listen HOST:PORT] [--public-url URL]…";
const hour = 3_600_000;
/** A refused sign-in takes this long, or a multiple, in milliseconds: longer than any key's signature takes to check. */
const refusalTime = 500;
/** Requests that run when the server is told to stop get this long, in milliseconds: less than systemd waits (90 s). */
const grace = 60_000;
/** The last lines of the log get this long to be read, in milliseconds. */
const lastLines = 1000;

export const serve: Command = {
  name: "serve",
  summary: "answer pstore clients",
  help: `${usage}

Serves the store until SIGTERM or SIGINT; requests that run then are finished,
if that takes no longer than a minute.

  --listen HOST:PORT   where to listen; port 0 is any free one. Default:
                       PSTORE_LISTEN, else ${defaults.listen}
  --public-url URL     how clients reach the server, as they write it in
                       --store-url; repeatable. Only clients that use one of
                       these can sign in. Default: PSTORE_PUBLIC_URL (several
                       with spaces between), else http:// on the loopback
                       addresses with the port that is listened on
  --trusted-proxy ADDRESS|NETWORK
                       a proxy in front of the server, as 192.0.2.1 or
                       10.0.0.0/8 (IPv6 likewise); repeatable. Whom it names in
                       X-Forwarded-For is written to the log and counted for
                       limits, in place of the proxy itself. From everybody
                       else that header is ignored. Default:
                       PSTORE_TRUSTED_PROXY (several with spaces between), else
                       none
  --session-time SECONDS
                       how long a sign-in lasts. Default: PSTORE_SESSION_TIME,
                       else ${defaults.sessionTime}
  --max-upload-size BYTES
                       the largest value. Default: PSTORE_MAX_UPLOAD_SIZE, else
                       ${defaults.maxUploadSize} (16 GiB)
  --keep-history DAYS  how long values that were replaced, dropped, or whose
                       machine was deleted can be restored; then they are
                       dropped for good, when the server starts and every hour
                       (the database uses their room again, its file does not
                       shrink). Who had access to what, and when, stays known.
                       Default: PSTORE_KEEP_HISTORY, else ${defaults.keepHistory}
  --smtp-url URL       the mail server through which people are told: members
                       that a machine was deleted, admins that a user was
                       removed, user and admins that a public key was added,
                       updated or removed. smtp://HOST, with STARTTLS and a
                       certificate that holds (on the loopback addresses
                       without; smtp://HOST?starttls=no or yes says otherwise),
                       or smtps://HOST; port 25 or 465, unless :PORT stands
                       behind. With USER@ before HOST it signs in. While the
                       mail server is down mails wait in the database, up to a
                       week. Default: PSTORE_SMTP_URL, else no mails are sent
  --smtp-password-file FILE
                       the password of USER is the first line of FILE. Default:
                       PSTORE_SMTP_PASSWORD_FILE
  --mail-from ADDRESS  whom mails come from. Default: PSTORE_MAIL_FROM
  --admin-mail ADDRESS
                       who is told what admins are told, beside the active
                       superusers who have an e-mail address; repeatable.
                       Default: PSTORE_ADMIN_MAIL (several with spaces between)
  --log-format none|journal|syslog|json
                       how each row of the audit log (see 'pstore-server audit')
                       is written to standard error too, and the server's own
                       messages with it: journal, as systemd's journal takes it
                       (priority and name=value); syslog, as RFC 5424; json, one
                       object a line; none: only messages, as plain text.
                       Default: PSTORE_LOG_FORMAT, else journal where standard
                       error is the journal, else none
${commonHelp}`,

  async run(argv, io) {
    const { values } = readArguments(
      argv,
      {
        listen: { type: "string" },
        "public-url": { type: "string", multiple: true },
        "trusted-proxy": { type: "string", multiple: true },
        "session-time": { type: "string" },
        "max-upload-size": { type: "string" },
        "keep-history": { type: "string" },
        "log-format": { type: "string" },
        "smtp-url": { type: "string" },
        "smtp-password-file": { type: "string" },
        "mail-from": { type: "string" },
        "admin-mail": { type: "string", multiple: true },
      },
      { least: 0, most: 0, usage },
    );
    const config = serveConfig(
      {
        listen: values.listen,
        publicUrls: values["public-url"],
        trustedProxies: values["trusted-proxy"],
        sessionTime: values["session-time"],
        maxUploadSize: values["max-upload-size"],
        keepHistory: values["keep-history"],
        logFormat: values["log-format"],
        smtpUrl: values["smtp-url"],
        smtpPasswordFile: values["smtp-password-file"],
        mailFrom: values["mail-from"],
        adminMail: values["admin-mail"],
      },
      io.env,
    );
    const format = config.logFormat ?? (isJournal(io.env) ? "journal" : "none");
    const leftOut = (count: number) =>
      `${count} lines were left out here, since nobody read them in time; 'pstore-server audit' has all rows of the audit log`;
    const queue = new LineQueue(io.stderrSoon, (count) => {
      let line = "";
      makeLog(format, (made) => {
        line = made;
      }).message("warning", leftOut(count));
      return line;
    });
    const log = makeLog(format, (line) => queue.push(line));
    return await withDatabase(values, io, async (db) => {
      listenToAudit(db, log.audit);
      let origins = config.origins;
      const store = await theStore(db);
      const checks = new BackgroundCheck({ db, store }, (line) => log.message("error", line));
      const app = createApp({
        db,
        store,
        checks,
        sendsMail: config.mail !== null,
        version,
        loginRules: () => ({ origins, sessionTime: config.sessionTime, refusalTime }),
        maxUploadSize: config.maxUploadSize,
        keepHistory: config.keepHistory,
        log: (line) => log.message("error", line),
      });
      const server = listen(app.fetch, { ...config, grace });
      if (origins.length === 0) origins = loopbackOrigins(server.port);
      let isFirstRound = true;
      const cleaning = everyHour(async (stopping) => {
        // Whoever waits for a server to start has no use for a check of everything beside that.
        if (isFirstRound) isFirstRound = false;
        else await checks.beginWhenDue();
        await collectGarbage(db, stopping);
        await dropEndedSignIns(db);
        await purgeReplaced(db, config.keepHistory, stopping);
        // Without a mail server nobody else drops them.
        if (config.mail === null) await dropOldMails(db);
        await closeDays(db, stopping);
      }, log);
      const delivery =
        config.mail &&
        new Delivery(db, {
          send: await smtpSender(config.mail),
          adminMail: config.mail.adminMail,
          url: config.origins[0] ?? null,
          log: log.message,
        });
      if (config.origins.length === 0 && !isLoopback(config.host)) {
        log.message(
          "warning",
          "without --public-url nobody can sign in from another machine; give the URL that clients use",
        );
      }
      // Whoever reads that the server listens may stop it at once.
      const stopped = io.stopped();
      io.stdout(`listening on ${server.url}\n`);
      await stopped;
      await Promise.all([cleaning.stop(), checks.stop(), server.stop()]);
      // It goes on as long as requests do: those queue mails, too.
      await delivery?.stop();
      return 0;
    }).finally(() => queue.end(lastLines));
  },
};

/** Does something now and then every hour, beside what else goes on. */
function everyHour(work: (stopping: AbortSignal) => Promise<void>, log: Log) {
  const stopping = new AbortController();
  let round = Promise.resolve();
  const begin = () => {
    // A round that takes longer than an hour is not overtaken.
    round = round
      .then(() => (stopping.signal.aborted ? undefined : work(stopping.signal)))
      .catch((error) =>
        log.message(
          "error",
          `what is done every hour, dropping old values and uploads among it, was not: ${error}`,
        ),
      );
  };
  begin();
  const timer = setInterval(begin, hour);
  return {
    /** Resolves when the round that goes on, if any, has come to its end. */
    async stop(): Promise<void> {
      clearInterval(timer);
      stopping.abort();
      await round;
    },
  };
}

function loopbackOrigins(port: number): readonly string[] {
  return ["127.0.0.1", "localhost", "[::1]"].map((host) => new URL(`http://${host}:${port}`).origin);
}
