/** Seals and writes rows of a store in a process of its own: `bun FILE URL NAME ROWS`; prints the seals that it made. */
import { parseLocation } from "../../database/location.ts";
import { openDatabase } from "../../database/open.ts";
import { theStore } from "../accounts.ts";
import { record } from "../audit.ts";
import { shownName } from "./seal.ts";
import { sealSome } from "./sealing.ts";

const [url = "", name = "", rows = ""] = process.argv.slice(2);
const db = await openDatabase(parseLocation(url));
const store = await theStore(db);
const actor = { userName: name, fingerprint: "", address: "test" };
const sealed: string[] = [];
for (let row = 0; row < Number(rows); row++) {
  await record(db, actor, [{ action: "read", detail: `row ${row}` }]);
  const made = await sealSome({ db, store });
  if (made !== null) sealed.push(shownName(made));
}
await db.destroy();
process.stdout.write(`${sealed.join("\n")}\n`);
