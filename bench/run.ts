// bun bench/run.ts [CLAIM]…: prints what the programs cost, beside what they are compared with.
//
// Ratios of one run say something; milliseconds alone say how busy and how fast the machine is.
import { buildExecutables } from "@pstore/e2e/support/executables";
import { benchCrowd } from "./crowd.ts";
import { benchEach } from "./each.ts";
import { benchLarge } from "./large.ts";
import { benchList } from "./list.ts";
import { benchPages } from "./pages.ts";
import { benchReading } from "./reading.ts";
import { benchRequests } from "./requests.ts";
import { benchRewrap } from "./rewrap.ts";
import { type Claim, printClaims } from "./table.ts";

const benches: Readonly<Record<string, () => Promise<readonly Claim[]>>> = {
  reading: () => benchReading(25),
  large: benchLarge,
  requests: benchRequests,
  pages: () => benchPages(15),
  crowd: () => benchCrowd(15),
  each: () => benchEach(5),
  rewrap: () => benchRewrap(3),
  list: () => benchList(15),
};

const wanted = process.argv.slice(2);
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
printClaims(claims);
