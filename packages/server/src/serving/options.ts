import { Problem } from "@pstore/core/problem";
import { TrustedProxies } from "../http/address.ts";
import { logFormats } from "../log/log.ts";
import { limitOptions } from "./limit-options.ts";
import { numeric, repeatable, single } from "./option.ts";

/** The options of `serve`, in the order of its help: each is an argument, a variable, and a value of the configuration. */
export const serveOptions = {
  listen: single({
    name: "listen",
    otherwise: { host: "127.0.0.1", port: 8000 },
    read: listenAddress,
    help: `  --listen HOST:PORT   where to listen; port 0 is any free one. Default:
                       PSTORE_LISTEN, else 127.0.0.1:8000
`,
  }),
  /** Their origins; none: loopback only. */
  origins: repeatable({
    name: "public-url",
    read: (urls) => urls.filter((url) => url !== "").map(originOf),
    help: `  --public-url URL     how clients reach the server, as they write it in
                       --store-url; repeatable. Only clients that use one of
                       these can sign in. Default: PSTORE_PUBLIC_URL (several
                       with spaces between), else http:// on the loopback
                       addresses with the port that is listened on
`,
  }),
  /** Whose `X-Forwarded-For` is believed. */
  trustedProxies: repeatable({
    name: "trusted-proxy",
    read: trustedProxies,
    help: `  --trusted-proxy ADDRESS|NETWORK
                       a proxy in front of the server, as 192.0.2.1 or
                       10.0.0.0/8 (IPv6 likewise); repeatable. Whom it names in
                       X-Forwarded-For is written to the log and counted for
                       limits, in place of the proxy itself. From everybody
                       else that header is ignored. Default:
                       PSTORE_TRUSTED_PROXY (several with spaces between), else
                       none
`,
  }),
  /** In seconds. */
  sessionTime: numeric({
    name: "session-time",
    what: "session time",
    otherwise: 900,
    least: 1,
    most: 86_400,
    help: `  --session-time SECONDS
                       how long a sign-in lasts. Default: PSTORE_SESSION_TIME,
                       else 900
`,
  }),
  ...limitOptions,
  /** In seconds. */
  drainTime: numeric({
    name: "drain-time",
    what: "time to drain",
    otherwise: 0,
    least: 0,
    most: 3600,
    help: `  --drain-time SECONDS how long the server goes on as before once it is told to
                       stop, while /readyz says already that it stops: as long
                       as a load balancer takes to notice. Default:
                       PSTORE_DRAIN_TIME, else 0
`,
  }),
  /** In days. */
  keepHistory: numeric({
    name: "keep-history",
    what: "number of days to keep history",
    otherwise: 30,
    least: 0,
    most: 36_500,
    help: `  --keep-history DAYS  how long values that were replaced, dropped, or whose
                       machine was deleted can be restored; then they are
                       dropped for good, when the server starts and every hour
                       (the database uses their room again, its file does not
                       shrink). Who had access to what, and when, stays known.
                       Default: PSTORE_KEEP_HISTORY, else 30
`,
  }),
  smtpUrl: single({
    name: "smtp-url",
    otherwise: undefined,
    read: asItIs,
    help: `  --smtp-url URL       the mail server through which people are told: members
                       that a machine was deleted, admins that a user was
                       removed, user and admins that a public key was added,
                       updated or removed. smtp://HOST, with STARTTLS and a
                       certificate that holds (on the loopback addresses
                       without; smtp://HOST?starttls=no or yes says otherwise),
                       or smtps://HOST; port 25 or 465, unless :PORT stands
                       behind. With USER@ before HOST it signs in. While the
                       mail server is down mails wait in the database, up to a
                       week. Default: PSTORE_SMTP_URL, else no mails are sent
`,
  }),
  smtpPasswordFile: single({
    name: "smtp-password-file",
    otherwise: undefined,
    read: asItIs,
    help: `  --smtp-password-file FILE
                       the password of USER is the first line of FILE. Default:
                       PSTORE_SMTP_PASSWORD_FILE
`,
  }),
  mailFrom: single({
    name: "mail-from",
    otherwise: undefined,
    read: asItIs,
    help: `  --mail-from ADDRESS  whom mails come from. Default: PSTORE_MAIL_FROM
`,
  }),
  adminMail: repeatable({
    name: "admin-mail",
    read: (addresses) => addresses,
    help: `  --admin-mail ADDRESS
                       who is told what admins are told, beside the active
                       superusers who have an e-mail address; repeatable.
                       Default: PSTORE_ADMIN_MAIL (several with spaces between)
`,
  }),
  /** `null`: nobody said. */
  logFormat: single({
    name: "log-format",
    otherwise: null,
    read: logFormat,
    help: `  --log-format none|journal|syslog|json
                       how each row of the audit log (see 'pstore-server audit')
                       is written to standard error too, and the server's own
                       messages with it: journal, as systemd's journal takes it
                       (priority and name=value); syslog, as RFC 5424; json, one
                       object a line; none: only messages, as plain text.
                       Default: PSTORE_LOG_FORMAT, else journal where standard
                       error is the journal, else none
`,
  }),
  logRequests: single({
    name: "log-requests",
    otherwise: "none",
    read: loggedRequests,
    help: `  --log-requests none|errors|all
                       which requests are written to standard error as well:
                       those answered with a status from 400 on, or all; with
                       the id that is in X-Request-Id, method, route, status,
                       milliseconds, bytes, user and address, and without names
                       of machines. Default: PSTORE_LOG_REQUESTS, else none
`,
  }),
  /** `null`: nowhere. */
  metricsListen: single({
    name: "metrics-listen",
    otherwise: null,
    read: listenAddress,
    help: `  --metrics-listen HOST:PORT
                       where to listen for Prometheus, apart from clients:
                       /metrics, and /healthz and /readyz beside it, for whoever
                       reaches that address. Default: PSTORE_METRICS_LISTEN,
                       else nowhere
`,
  }),
};

function asItIs(text: string): string {
  return text;
}

function listenAddress(text: string): { host: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || port === undefined || Number(port) > 65_535) {
    throw new Problem("usage", `'${text}' is not of the form HOST:PORT (an IPv6 address stands in brackets)`);
  }
  return { host, port: Number(port) };
}

function originOf(text: string): string {
  const url = URL.parse(text);
  const isWeb = url?.protocol === "https:" || url?.protocol === "http:";
  if (url === null || !isWeb || url.username !== "" || url.password !== "") {
    throw new Problem("usage", `'${text}' is no public URL; give one like https://pstore.example.com`);
  }
  return url.origin;
}

function trustedProxies(texts: readonly string[]): TrustedProxies {
  const proxies = new TrustedProxies();
  const wrong = texts.find((text) => !proxies.add(text));
  if (wrong === undefined) return proxies;
  throw new Problem(
    "usage",
    `the trusted proxy '${wrong}' is neither an address like 192.0.2.1 or 2001:db8::1, nor a network like 10.0.0.0/8`,
  );
}

const requestsLogged = ["none", "errors", "all"] as const;

function loggedRequests(text: string) {
  const which = requestsLogged.find((one) => one === text);
  if (which !== undefined) return which;
  throw new Problem("usage", `the requests to log '${text}' are none of ${requestsLogged.join(", ")}`);
}

function logFormat(text: string) {
  const format = logFormats.find((one) => one === text);
  if (format !== undefined) return format;
  throw new Problem("usage", `the log format '${text}' is none of ${logFormats.join(", ")}`);
}
