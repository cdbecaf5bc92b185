import type { StoreDatabase } from "../database/store-database.ts";
import { type Family, sampled } from "../metrics/family.ts";
import { processFamilies } from "../metrics/process.ts";
import type { Readiness } from "../services/readiness.ts";
import { type StoreFigures, storeFigures } from "../services/store-figures.ts";
import { version } from "../version.ts";

/** All that a server tells of itself, but for its requests and its jobs. */
export function serverFamilies(db: StoreDatabase, readiness: Readiness): readonly Family[] {
  const figures = storeFigures(db);
  const ofStore = (name: string, help: string, key: keyof StoreFigures) =>
    sampled("gauge", { name, help }, async () => {
      const found = await figures.read();
      return found === null ? [] : [{ labels: {}, value: found[key] }];
    });
  return [
    sampled(
      "gauge",
      { name: "pstore_build_info", help: "Always 1; the label has the version." },
      async () => [{ labels: { version }, value: 1 }],
    ),
    sampled("gauge", { name: "pstore_ready", help: "Whether /readyz answers 200." }, async () => [
      { labels: {}, value: (await readiness.whyNot()) === null ? 1 : 0 },
    ]),
    sampled(
      "counter",
      {
        name: "pstore_database_retries_total",
        help: "Transactions that were tried again, since another one was first or a connection was lost.",
      },
      async () => [{ labels: {}, value: db.retries }],
    ),
    ofStore("pstore_objects", "Objects that are not deleted.", "objects"),
    ofStore("pstore_users", "Users that were not removed.", "users"),
    ofStore("pstore_public_keys", "Current public keys of those users.", "keys"),
    ofStore("pstore_stored_bytes", "Bytes of all values, earlier ones that are kept too.", "storedBytes"),
    ofStore("pstore_uploads", "Large values that no commit has taken yet.", "uploads"),
    ofStore("pstore_mails_waiting", "Mails that are not sent yet.", "waitingMails"),
    ofStore("pstore_mails_failing", "Those of them that could not be sent so far.", "failingMails"),
    ...processFamilies(),
  ];
}
