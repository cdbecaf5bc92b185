// bun bench/run.ts [CLAIM]… [--objects N]: prints what the programs cost, beside what they are compared with.
//
// Ratios of one run say something; milliseconds alone say how busy and how fast the machine is.
import { parseArgs } from "node:util";
import { buildExecutables } from "@pstore/e2e/support/executables";
import { benchCrowd } from "./crowd.ts";
import { benchEach } from "./each.ts";
import { benchEngines } from "./engines.ts";
import { benchGrowth } from "./growth.ts";
import { benchLarge } from "./large.ts";
import { benchList } from "./list.ts";
import { benchPages } from "./pages.ts";
import { benchReading } from "./reading.ts";
import { benchRequests } from "./requests.ts";
import { benchRewrap } from "./rewrap.ts";
import { type Claim, printClaims } from "./table.ts";

/** As many as one user of `engines` has, and as many again. */
const leastObjects = 20_000;

const { values, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { objects: { type: "string" } },
});
/** How many objects the largest stores of `engines` and `growth` have; fewer take less time. */
const objects = values.objects === undefined ? null : Number(values.objects);
if (objects !== null && !(Number.isInteger(objects) && objects >= leastObjects)) {
  console.error(`--objects takes a whole number from ${leastObjects} on.`);
  process.exit(2);
}

const benches: Readonly<Record<string, () => Promise<readonly Claim[]>>> = {
  reading: () => benchReading(25),
  large: benchLarge,
  requests: benchRequests,
  pages: () => benchPages(15),
  crowd: () => benchCrowd(15),
  each: () => benchEach(5),
  rewrap: () => benchRewrap(3),
  list: () => benchList(15),
  engines: () => benchEngines(objects ?? 100_000),
  growth: () => benchGrowth(objects === null ? [1000, 100_000, 1_000_000] : [1000, objects]),
};

const unknown = wanted.filter((name) => !Object.hasOwn(benches, name));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(", ")}: choose from ${Object.keys(benches).join(", ")}.`);
  process.exit(2);
}
await buildExecutables();
const claims: Claim[] = [];
for (const [name, bench] of Object.entries(benches)) {
  if (wanted.length === 0 || wanted.includes(name)) claims.push(...(await bench()));
}
if (claims.length > 0) printClaims(claims);
