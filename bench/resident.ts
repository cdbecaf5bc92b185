// How much memory programs hold, in bytes.
import { readFileSync } from "node:fs";

/** What a running process holds now, and the most that it ever held (proc(5): `VmRSS` and `VmHWM`). */
export function residentMemory(pid: number): { readonly now: number; readonly most: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const read = (field: string) =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
  return { now: read("VmRSS"), most: read("VmHWM") };
}

/** What `/usr/bin/time -v` wrote of a program that has ended: the most that it held, and how long it took. */
export function timeReport(file: string): { readonly most: number; readonly milliseconds: number } {
  const report = readFileSync(file, "utf8");
  const kilobytes = /Maximum resident set size \(kbytes\): (\d+)/.exec(report)?.[1];
  const [, hours = "0", minutes, seconds] =
    /Elapsed \(wall clock\) time .*: (?:(\d+):)?(\d+):([\d.]+)$/m.exec(report) ?? [];
  if (kilobytes === undefined || minutes === undefined || seconds === undefined)
    throw new Error(`${file} is no report of time -v: ${report}`);
  return {
    most: Number(kilobytes) * 1024,
    milliseconds: Math.round(((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000),
  };
}
