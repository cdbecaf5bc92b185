import type { AtRest } from "./settle.ts";

/**
 * So many inputs a server must have got before ratios say something: until then it fills its caches and compiles what runs
 * often, a warm-up or not.
 */
export const enough = 50_000;

/** How many times as much as after the warm-up the server may hold at the end. */
const mostGrowth = 1.5;
/** What it may hold however few the inputs were, in bytes. */
const mostResident = 400e6;
/** Connections that are about to be closed. */
const openAnyway = 4;

/** What a server holds after the inputs, beside what it held after the first of them. */
export function growthOf({
  before,
  after,
  inputs,
}: {
  readonly before: AtRest;
  readonly after: AtRest;
  readonly inputs: number;
}): { readonly lines: readonly string[]; readonly faults: readonly string[] } {
  const growth = after.resident / before.resident;
  const faults: string[] = [];
  if (after.resident > mostResident) faults.push(`the server holds ${megabytes(after.resident)}`);
  if (inputs >= enough && growth > mostGrowth)
    faults.push(`the server holds ${growth.toFixed(2)} times as much memory as after the warm-up`);
  if (after.openFiles > before.openFiles + openAnyway)
    faults.push(`the server has ${after.openFiles} files open, ${before.openFiles} after the warm-up`);
  const line = `${megabytes(before.resident)} after the warm-up, ${megabytes(after.resident)} at the end, × ${growth.toFixed(2)}; open files: ${before.openFiles}, ${after.openFiles}`;
  return { lines: [`the server at rest: ${line}`], faults };
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
