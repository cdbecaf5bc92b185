import { expect, test } from "bun:test";
import { makeLog } from "../log/log.ts";
import { type Job, Jobs, jobRuns } from "./jobs.ts";

const rare = { every: 3_600_000, atStart: true, atStop: false };
const frequent = { every: 1, atStart: true, atStop: false };

/** Jobs under way, and what they say. */
function begun(...jobs: Job[]) {
  const lines: string[] = [];
  const runs = jobRuns();
  return {
    jobs: new Jobs(
      jobs,
      makeLog("none", (line) => lines.push(line)),
      runs,
    ),
    lines,
    runs,
  };
}

test("a job that fails says so once, is tried again, says that it works, and stops no other", async () => {
  let failures = 0;
  const mended = Promise.withResolvers<void>();
  let others = 0;
  const { jobs, lines, runs } = begun(
    {
      ...frequent,
      name: "weeding",
      run: async () => {
        if (failures === 3) return mended.resolve();
        failures++;
        throw new Error("no hoe");
      },
    },
    {
      ...rare,
      name: "watering",
      run: async () => {
        others++;
      },
    },
  );
  await mended.promise;
  await jobs.stop();
  expect(failures).toBe(3);
  expect(others).toBe(1);
  expect((await runs.samples()).find(({ labels }) => labels["outcome"] === "failed")).toEqual({
    labels: { job: "weeding", outcome: "failed" },
    value: 3,
  });
  expect(lines).toEqual([
    "pstore-server: weeding is not done: Error: no hoe\n",
    "pstore-server: weeding is done again\n",
  ]);
});

test("a job never overtakes itself, and is waited for when the server stops", async () => {
  let running = 0;
  let most = 0;
  let runs = 0;
  const third = Promise.withResolvers<void>();
  const { jobs } = begun({
    ...frequent,
    name: "weeding",
    run: async (stopping) => {
      most = Math.max(most, ++running);
      // The last one goes on until it is told to stop.
      if (++runs === 3) {
        third.resolve();
        await new Promise((resolve) => stopping.addEventListener("abort", resolve));
        await Bun.sleep(20);
      } else await Bun.sleep(5);
      running--;
    },
  });
  await third.promise;
  expect(running).toBe(1);
  await jobs.stop();
  expect([running, most, runs]).toEqual([0, 1, 3]);
});

test("a job has its first run at the start or after its interval, and one at the stop if it wants that", async () => {
  const done: string[] = [];
  const named = (name: string, when: Omit<Job, "name" | "run">): Job => ({
    name,
    ...when,
    run: async (stopping) => {
      done.push(`${name}${stopping.aborted ? ", late" : ""}`);
    },
  });
  const { jobs } = begun(
    named("at once", rare),
    named("later", { ...rare, atStart: false }),
    named("both", { ...rare, atStop: true }),
    named("lastly", { ...rare, atStart: false, atStop: true }),
  );
  await jobs.stop();
  expect(done).toEqual(["at once", "both"]);
  await jobs.finish();
  expect(done).toEqual(["at once", "both", "both", "lastly"]);
});
