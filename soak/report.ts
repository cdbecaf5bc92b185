// The figures of a soak.
import { sentencesOf } from "./judge/sentences.ts";
import type { Soaked } from "./soak.ts";

export function printReport(soaked: Soaked, print: (line: string) => void): void {
  const { scene, load, journal, log, kills, disturbed, seconds, faults } = soaked;
  const { commands, writes, reads } = journal;
  const of = (outcome: string) => writes.filter((write) => write.outcome === outcome).length;
  const slowest = commands.toSorted((one, other) => other.milliseconds - one.milliseconds);
  const longest = slowest[0];
  const median = slowest[slowest.length >> 1]?.milliseconds ?? 0;
  print(`${scene.title} (seed ${load.seed})`);
  print(`  ${load.clients} clients, ${seconds.toFixed(1)} s: ${commands.length} commands`);
  for (const [what, its] of Map.groupBy(commands, (command) => command.what)) {
    const failed = its.filter((command) => command.failed).length;
    print(`    ${what}: ${its.length}${failed === 0 ? "" : `, ${failed} of them failed`}`);
  }
  print(
    `  writes: ${of("acknowledged")} acknowledged, each stored once; ${of("refused")} refused, none stored; ${of("unknown")} not answered, ${soaked.storedUnknown} of them stored`,
  );
  print(`  reads compared with what was known: ${reads.length}`);
  print(`  revisions: ${soaked.revisions} of ${soaked.machines} machines`);
  print(`  conflicts that clients were told of (409): ${log.count(409)}`);
  print(`  kills of server processes: ${kills}`);
  if (disturbed !== null) print(`  ${scene.disturbance}: within ${disturbed.toFixed(1)} s`);
  print(
    `  a client waited ${median.toFixed(0)} ms in the median, ${((longest?.milliseconds ?? 0) / 1000).toFixed(1)} s at most (${longest?.what})`,
  );
  print("  what clients said beside results:");
  for (const { text, count } of sentencesOf(journal)) print(`    ${count} × ${text}`);
  print("  requests that servers answered with a status from 400 on:");
  for (const [answer, count] of [...log.answers].toSorted()) print(`    ${count} × ${answer}`);
  print(`  digest of the store: ${soaked.digest}`);
  for (const fault of faults) print(`  FAULT: ${fault}`);
  print(faults.length === 0 ? "  no faults" : `  ${faults.length} faults`);
}
