// bun fuzz/run.ts: gives malformed inputs to everything that reads what others wrote; see CONTRIBUTING.md.
import { fuzz } from "./fuzz.ts";
import { type Options, readOptions, usage } from "./options.ts";

let options: Options;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  process.exit(2);
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));
const faults = await fuzz(options, console.log);
faults.print(options.seed);
console.log(faults.count === 0 ? "no faults" : `${faults.count} faults`);
process.exit(faults.count === 0 ? 0 : 1);
