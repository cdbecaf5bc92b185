import type { Db } from "../database/open.ts";
import type { Sealer } from "../services/audit-seals/sealer.ts";
import type { BackgroundCheck } from "../services/check/background.ts";
import { closeDays } from "../services/figures.ts";
import type { RequestLimits } from "../services/limits/requests.ts";
import { dropOldMails } from "../services/mail/queue.ts";
import { purgeReplaced } from "../services/retention.ts";
import { collectGarbage } from "../services/uploads.ts";
import { dropEndedSignIns } from "../services/web/ended.ts";
import type { ServeConfig } from "./config.ts";
import type { Job } from "./jobs.ts";

const hour = 3_600_000;
/** What a new server does at once, and then now and then. */
const hourly = { every: hour, atStart: true, atStop: false } as const;

interface Workers {
  readonly checks: BackgroundCheck;
  readonly sealer: Sealer;
  readonly requests: RequestLimits;
}

/** All that a server does without being asked, but for sending mails. */
export function backgroundWork(
  db: Db,
  config: ServeConfig,
  { checks, sealer, requests }: Workers,
): readonly Job[] {
  return [
    {
      name: "sealing the audit log",
      every: 10_000,
      atStart: true,
      atStop: false,
      run: async (stopping) => await sealer.seal(stopping),
    },
    {
      // Less often, so that nobody has a line of it beside each of something else; a seal stands for all before it.
      name: "printing the newest seal of the audit log",
      every: 60_000,
      atStart: false,
      atStop: true,
      run: async (stopping) => await sealer.print(stopping),
    },
    {
      name: "the daily check of the store",
      ...hourly,
      // Whoever waits for a server to start has no use for a check of everything beside that.
      atStart: false,
      run: async () => await checks.beginWhenDue(),
    },
    {
      name: "counting requests together with other servers",
      every: 1000,
      atStart: false,
      atStop: false,
      run: async () => await requests.shared.exchange(db),
    },
    {
      name: "forgetting what servers that ended had counted",
      ...hourly,
      run: async () => await requests.shared.dropStale(db),
    },
    {
      name: "dropping uploads that nobody took",
      ...hourly,
      run: async (stopping) => await collectGarbage(db, stopping),
    },
    {
      name: "dropping sign-ins that have ended",
      ...hourly,
      run: async () => await dropEndedSignIns(db),
    },
    {
      name: "dropping values older than --keep-history",
      ...hourly,
      run: async (stopping) => {
        await purgeReplaced(db, config.keepHistory, stopping);
      },
    },
    {
      name: "dropping mails that waited too long",
      ...hourly,
      run: async () => {
        // Whoever sends mails drops them, too.
        if (config.mail === null) await dropOldMails(db);
      },
    },
    {
      name: "counting what was done in a day",
      ...hourly,
      run: async (stopping) => await closeDays(db, stopping),
    },
  ];
}
