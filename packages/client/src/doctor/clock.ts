import { apiPath } from "@pstore/core/api/schemas";
import type { Authorities } from "../http/authorities.ts";
import { Transport } from "../http/transport.ts";
import type { Examination } from "./examination.ts";
import { type Finding, fault, ok, skipped, warning } from "./finding.ts";

const check = "clock";

const minute = 60_000;
const day = 86_400_000;

/**
 * Whether the clock here goes as the server's does. The server alone times its challenges and sessions, so a wrong clock
 * here locks nobody out; but each side judges by its own which keys and certificates have expired, and refuses a key that
 * is made more than a day ahead (core's keys/usability.ts).
 */
export async function* checkClock(examination: Examination): AsyncGenerator<Finding> {
  if (examination.whyAlone !== null) yield skipped(check, examination.whyAlone);
  for (const url of examination.urls) {
    const ahead = await clockAt(url, examination.authorities);
    yield ahead === null
      ? skipped(check, `${url} does not say what time it is`, "compare the clocks by hand")
      : findingOf(url, ahead);
  }
}

interface Ahead {
  /** How far the clock here is ahead of the server's at least, in milliseconds; below 0 behind it; 0: it may be right. */
  readonly least: number;
}

/** `null` where the server does not say. */
async function clockAt(url: string, authorities: Authorities): Promise<Ahead | null> {
  const transport = new Transport([url], { allowHttp: true, authorities }, async () => {});
  const begin = Date.now();
  const answer = await transport.send({ method: "GET", path: `${apiPath}/store` });
  const end = Date.now();
  await answer.body?.cancel();
  const said = Date.parse(answer.headers.get("date") ?? "");
  if (Number.isNaN(said)) return null;
  // It was said at some time of the second that it names, and between the two readings of the clock here.
  if (begin > said + 1000) return { least: begin - (said + 1000) };
  return { least: Math.min(0, end - said) };
}

function findingOf(url: string, { least }: Ahead): Finding {
  const off = Math.abs(least);
  const which = least < 0 ? "behind" : "ahead of";
  const found = `${span(off)} ${which} that of ${url}`;
  const remedy = "set the one that is wrong (timedatectl set-ntp true)";
  if (off > day) return fault(check, found, `${remedy}: keys made today are refused, or expired ones used`);
  if (off > minute)
    return warning(check, found, `${remedy}: it tells which keys and certificates have expired`);
  return ok(check, off < 1000 ? `as that of ${url}` : found);
}

function span(milliseconds: number): string {
  const units = [
    ["day", day],
    ["hour", 60 * minute],
    ["minute", minute],
    ["second", 1000],
  ] as const;
  const [name, length] = units.find(([, its]) => milliseconds >= 2 * its) ?? ["second", 1000];
  const count = Math.round(milliseconds / length);
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}
