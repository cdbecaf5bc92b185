// Whether all holds that clients were told.
import type { SshUser } from "@pstore/e2e/support/ssh-user";
import { ClientInProcess } from "../clients/client.ts";
import { ownMachines, sharedMachines } from "../clients/crew.ts";
import type { Journal } from "../journal.ts";
import type { ServerLog } from "../servers/server-log.ts";
import { faultsOfChains } from "./chains.ts";
import { checkCopies } from "./copies.ts";
import { readHistories } from "./history.ts";
import { openValues } from "./opened.ts";
import { faultsOfReads } from "./reads.ts";
import { faultsOfSentences } from "./sentences.ts";
import { compareWrites } from "./writes.ts";

export interface Verdict {
  /** What is wrong, a sentence each. */
  readonly faults: readonly string[];
  /** How many revisions there are, of how many machines. */
  readonly revisions: number;
  readonly machines: number;
  /** Of the writes whose clients were not told: how many are stored. */
  readonly storedUnknown: number;
  /** The digest of the store, in all of its copies. */
  readonly digest: string;
}

export interface Case {
  readonly journal: Journal;
  readonly log: ServerLog;
  readonly users: readonly SshUser[];
  /** The store's id. */
  readonly store: string;
  /** A server. */
  readonly url: string;
  readonly copies: () => readonly string[];
  /** Ends all servers. */
  stop(): Promise<unknown>;
}

export async function judge({ journal, log, users, store, url, copies, stop }: Case): Promise<Verdict> {
  const histories = await readHistories(url, users);
  const opened = await openValues(url, histories, users);
  const { stored, faults } = compareWrites(journal.writes, histories, opened);
  const shown = await Promise.all(users.map(faultsOfShowing));
  await stop();
  const checked = await checkCopies(copies());
  const unknown = stored.filter(({ write }) => write.outcome === "unknown");
  return {
    faults: [
      ...faults,
      ...(await faultsOfChains(histories, store, users)),
      ...faultsOfReads(journal, stored),
      ...faultsOfSentences(journal),
      ...shown.flat(),
      ...faultsOfLog(log),
      ...checked.faults,
    ],
    revisions: [...histories.values()].reduce((sum, { length }) => sum + length, 0),
    machines: histories.size,
    storedUnknown: new Set(unknown.map(({ write }) => write)).size,
    digest: checked.digest,
  };
}

/** A client's own checks of what it is shown: it remembers the newest revision that it saw. */
async function faultsOfShowing(user: SshUser): Promise<readonly string[]> {
  const client = new ClientInProcess(user);
  const faults: string[] = [];
  for (const machine of [...ownMachines(user), ...sharedMachines]) {
    const { code, stderr } = await client.run([machine, "--json"]);
    if (code !== 0 || stderr !== "") faults.push(`${user.name} is not shown '${machine}': ${stderr}`);
  }
  return faults;
}

/** A server whose database is away says so with 503; 500 is a fault of its own. */
function faultsOfLog(log: ServerLog): readonly string[] {
  return [...log.answers]
    .filter(([answer]) => answer.startsWith("500 "))
    .map(([answer, count]) => `${count} requests were answered ${answer}; the log ends so:\n${log.tail}`);
}
