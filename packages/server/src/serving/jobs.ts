import type { Log } from "../log/log.ts";
import { Counter } from "../metrics/counter.ts";
import { problemOfCommand } from "../services/database-faults.ts";
import { rest } from "./rest.ts";

/** Something that the server does again and again, beside what else goes on. */
export interface Job {
  /** For the log: `NAME is not done: …`. */
  readonly name: string;
  /** From the end of one run to the beginning of the next, in milliseconds. */
  readonly every: number;
  /** Whether the first run is when the server starts; else it is after a first interval. */
  readonly atStart: boolean;
  /** Whether there is one more run when the server stops, once all requests are answered. */
  readonly atStop: boolean;
  /** @param stopping is looked at between two steps: what is not begun by then is left for the next server */
  run(stopping: AbortSignal): Promise<void>;
}

/** What is done when the server stops gets this long, in milliseconds. */
const lastRuns = 10_000;

/** Jobs under way: each by itself, so that none waits for another, and what fails stops nothing else. */
export class Jobs {
  readonly #jobs: readonly Job[];
  readonly #log: Log;
  readonly #runs: Counter;
  readonly #stopping = new AbortController();
  readonly #running: Promise<unknown>;
  /** Why a job failed when it ran last. */
  readonly #failures = new Map<Job, string>();

  /** @param runs counts them, see {@link jobRuns} */
  constructor(jobs: readonly Job[], log: Log, runs: Counter) {
    this.#jobs = jobs;
    this.#log = log;
    this.#runs = runs;
    // A rate can be made only of what was there before it changed.
    for (const { name } of jobs) for (const outcome of ["ok", "failed"]) runs.add({ job: name, outcome }, 0);
    this.#running = Promise.all(jobs.map((job) => this.#repeat(job)));
  }

  /** Resolves when no job runs any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** The last runs, after {@link stop}. */
  async finish(): Promise<void> {
    const late = AbortSignal.timeout(lastRuns);
    await Promise.all(this.#jobs.filter(({ atStop }) => atStop).map((job) => this.#run(job, late)));
  }

  async #repeat(job: Job): Promise<void> {
    const { signal } = this.#stopping;
    if (!job.atStart) await rest(job.every, signal);
    while (!signal.aborted) {
      await this.#run(job, signal);
      await rest(job.every, signal);
    }
  }

  async #run(job: Job, stopping: AbortSignal): Promise<void> {
    try {
      await job.run(stopping);
    } catch (error) {
      const why = problemOfCommand(error)?.message ?? String(error);
      // One that runs each second says so once, and not as long as it lasts.
      if (this.#failures.get(job) !== why) this.#log.message("error", `${job.name} is not done: ${why}`);
      this.#failures.set(job, why);
      this.#runs.add({ job: job.name, outcome: "failed" });
      return;
    }
    this.#runs.add({ job: job.name, outcome: "ok" });
    if (this.#failures.delete(job)) this.#log.message("notice", `${job.name} is done again`);
  }
}

/** What {@link Jobs} counts its runs in. */
export function jobRuns(): Counter {
  return new Counter({
    name: "pstore_job_runs_total",
    help: "What the server has done without being asked, by what it is and whether it failed.",
  });
}
