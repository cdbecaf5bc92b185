import type { StoreDatabase } from "../database/store-database.ts";
import { createApp } from "../http/app.ts";
import { type Listening, listen } from "../http/listen.ts";
import { createMetricsApp } from "../http/metrics.ts";
import { paceTime } from "../http/pace.ts";
import type { Log } from "../log/log.ts";
import { isLoopback } from "../loopback.ts";
import type { Family } from "../metrics/family.ts";
import { RequestMetrics } from "../metrics/requests.ts";
import { theStore } from "../services/accounts.ts";
import { listenToAudit } from "../services/audit.ts";
import { Sealer } from "../services/audit-seals/sealer.ts";
import { BackgroundCheck } from "../services/check/background.ts";
import { RequestLimits } from "../services/limits/requests.ts";
import { Delivery } from "../services/mail/delivery.ts";
import { Readiness } from "../services/readiness.ts";
import { smtpSender } from "../smtp/sender.ts";
import { version } from "../version.ts";
import type { ServeConfig } from "./config.ts";
import { serverFamilies } from "./families.ts";
import { Jobs, jobRuns } from "./jobs.ts";
import { observerOf } from "./observer.ts";
import { rest } from "./rest.ts";
import { backgroundWork } from "./work.ts";

/** A refused sign-in takes this long, or a multiple, in milliseconds: longer than any key's signature takes to check. */
const refusalTime = 500;
/** Requests that run when the server is told to stop get this long, in milliseconds: less than systemd waits (90 s). */
const grace = 60_000;
/** Whoever asks for figures then gets this long, in milliseconds. */
const metricsGrace = 1000;

/** A server that runs. */
export interface Server {
  /** `http://HOST:PORT` */
  readonly url: string;
  /** `http://HOST:PORT/metrics`; `null`: nobody is told. */
  readonly metricsUrl: string | null;
  /** Resolves when the requests that run are answered, and nothing is under way any more. */
  stop(): Promise<void>;
}

/**
 * Serves the store of a database, and does what a server does beside that.
 * @throws Problem `unavailable` when the address or port cannot be had
 */
export async function startServer(db: StoreDatabase, config: ServeConfig, log: Log): Promise<Server> {
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
  const runs = jobRuns();
  const families = [...requestMetrics.families, runs, ...serverFamilies(db, readiness)];
  const metrics = await besides(listening, () => listenForMetrics(config, families, readiness));
  if (origins.length === 0) {
    origins = loopbackOrigins(listening.port);
    if (!isLoopback(config.listen.host)) log.message("warning", nobodyElse);
  }
  const sealer = new Sealer({ db, store }, log);
  const jobs = new Jobs(backgroundWork(db, config, { checks, sealer, requests }), log, runs);
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
    metricsUrl: metrics && `${metrics.url}/metrics`,
    async stop() {
      readiness.stop();
      await rest(config.drainTime * 1000);
      await Promise.all([jobs.stop(), checks.stop(), listening.stop()]);
      // They go on as long as requests do: those queue mails, and write to the log.
      await Promise.all([delivery?.stop(), jobs.finish()]);
      await metrics?.stop();
    },
  };
}

function listenForMetrics(
  config: ServeConfig,
  families: readonly Family[],
  readiness: Readiness,
): Listening | null {
  if (config.metricsListen === null) return null;
  const app = createMetricsApp(families, readiness);
  return listen(app.fetch, { ...config, ...config.metricsListen, grace: metricsGrace });
}

/** Does what a server that listens does besides, or stops it. */
async function besides<T>(listening: Listening, work: () => T): Promise<T> {
  try {
    return work();
  } catch (error) {
    await listening.stop();
    throw error;
  }
}

const nobodyElse =
  "without --public-url nobody can sign in from another machine; give the URL that clients use";

function loopbackOrigins(port: number): readonly string[] {
  return ["127.0.0.1", "localhost", "[::1]"].map((host) => new URL(`http://${host}:${port}`).origin);
}
