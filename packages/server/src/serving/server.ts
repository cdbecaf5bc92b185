import type { Db } from "../database/open.ts";
import { createApp } from "../http/app.ts";
import { listen } from "../http/listen.ts";
import { paceTime } from "../http/pace.ts";
import type { Log } from "../log/log.ts";
import { isLoopback } from "../loopback.ts";
import { theStore } from "../services/accounts.ts";
import { listenToAudit } from "../services/audit.ts";
import { Sealer } from "../services/audit-seals/sealer.ts";
import { BackgroundCheck } from "../services/check/background.ts";
import { RequestLimits } from "../services/limits/requests.ts";
import { Delivery } from "../services/mail/delivery.ts";
import { smtpSender } from "../smtp/sender.ts";
import { version } from "../version.ts";
import type { ServeConfig } from "./config.ts";
import { Jobs } from "./jobs.ts";
import { backgroundWork } from "./work.ts";

/** A refused sign-in takes this long, or a multiple, in milliseconds: longer than any key's signature takes to check. */
const refusalTime = 500;
/** Requests that run when the server is told to stop get this long, in milliseconds: less than systemd waits (90 s). */
const grace = 60_000;

/** A server that runs. */
export interface Server {
  /** `http://HOST:PORT` */
  readonly url: string;
  /** Resolves when the requests that run are answered, and nothing is under way any more. */
  stop(): Promise<void>;
}

/**
 * Serves the store of a database, and does what a server does beside that.
 * @throws Problem `unavailable` when the address or port cannot be had
 */
export async function startServer(db: Db, config: ServeConfig, log: Log): Promise<Server> {
  listenToAudit(db, log.audit);
  const store = await theStore(db);
  const send = config.mail && (await smtpSender(config.mail));
  const checks = new BackgroundCheck({ db, store }, (line) => log.message("error", line));
  const requests = new RequestLimits(config);
  const pace = { minRate: config.minRate, within: paceTime };
  const readiness = new Readiness(db, log.message);
  const requestMetrics = new RequestMetrics();
  let origins: readonly string[] = config.origins;
  const app = createApp({
    db,
    store,
    checks,
    sendsMail: config.mail !== null,
    version,
    loginRules: () => ({ origins, sessionTime: config.sessionTime, refusalTime }),
    limits: config,
    requests,
    pace,
    keepHistory: config.keepHistory,
    readiness,
    observer: observerOf(requestMetrics, config, log),
    log: (text, request) => log.message("error", text, request),
  });
  const listening = listen(app.fetch, { ...config, ...config.listen, grace });
  if (origins.length === 0) {
    origins = loopbackOrigins(listening.port);
    if (!isLoopback(config.listen.host)) log.message("warning", nobodyElse);
  }
  const sealer = new Sealer({ db, store }, log);
  const jobs = new Jobs(backgroundWork(db, config, { checks, sealer, requests }), log);
  const delivery =
    send &&
    new Delivery(db, {
      send,
      adminMail: config.adminMail,
      url: config.origins[0] ?? null,
      log: log.message,
    });
  return {
    url: listening.url,
    async stop() {
      await Promise.all([jobs.stop(), checks.stop(), listening.stop()]);
      // They go on as long as requests do: those queue mails, and write to the log.
      await Promise.all([delivery?.stop(), jobs.finish()]);
    },
  };
}

const nobodyElse =
  "without --public-url nobody can sign in from another machine; give the URL that clients use";

function loopbackOrigins(port: number): readonly string[] {
  return ["127.0.0.1", "localhost", "[::1]"].map((host) => new URL(`http://${host}:${port}`).origin);
}
