import { readdirSync } from "node:fs";
import { type Family, gauge, sampled } from "./family.ts";

/** What Prometheus's own libraries tell of every process, under the same names. */
export function processFamilies(): readonly Family[] {
  const started = Date.now() / 1000 - process.uptime();
  return [
    sampled(
      "counter",
      { name: "process_cpu_seconds_total", help: "Time of processors, in seconds." },
      async () => {
        const { user, system } = process.cpuUsage();
        return [{ labels: {}, value: (user + system) / 1_000_000 }];
      },
    ),
    gauge({ name: "process_resident_memory_bytes", help: "Resident memory." }, () =>
      process.memoryUsage.rss(),
    ),
    gauge(
      { name: "process_start_time_seconds", help: "When the process was started, since 1970." },
      () => started,
    ),
    sampled("gauge", { name: "process_open_fds", help: "Open files and connections." }, async () => {
      try {
        return [{ labels: {}, value: readdirSync("/proc/self/fd").length }];
      } catch {
        return [];
      }
    }),
  ];
}
