import { setImmediate as othersFirst } from "node:timers/promises";
import { faultsOfFile } from "../../../database/engines/sqlite/integrity.ts";
import type { StoreTable } from "../../../database/schema.ts";
import type { StoreDatabase } from "../../../database/store-database.ts";
import { countDangling, references } from "../../../repositories/belonging.ts";
import { readTotals } from "../../../repositories/totals.ts";
import { digestStore, type StoreDigest } from "../../store-digest/store-digest.ts";
import { checkStore } from "../check.ts";
import { type Fault, fromBackup } from "../fault.ts";
import { Tally } from "../tally.ts";
import { faultsOfBytes } from "./bytes.ts";
import { faultsOfPublicKeys, faultsOfWrappedKeys } from "./keys.ts";

export interface DeepCheck {
  readonly faults: readonly Fault[];
  /** `null`: the file is so damaged that nothing further was looked at. */
  readonly digest: StoreDigest | null;
}

/**
 * Checks a store as `checkStore` does, and besides every byte of it; others read and write meanwhile, and wait for nothing.
 * @param tell called now and then with how far it is
 */
export async function checkDeeply(
  db: StoreDatabase,
  store: StoreTable,
  tell: (what: string) => void = () => {},
): Promise<DeepCheck> {
  tell("the database's file");
  const broken = await faultsOfFile(db);
  if (broken.length > 0) {
    const faults = broken.map((fault) => ({
      ...{ kind: "database", where: "the file" },
      ...{ fault, solution: fromBackup },
    }));
    return { faults, digest: null };
  }
  const tally = new Tally(new Date());
  const faults: Fault[] = [];
  const going = (what: () => string) => async () => {
    tell(what());
    await othersFirst();
  };
  faults.push(
    ...(await faultsOfPublicKeys(
      db,
      going(() => "public keys"),
    )),
  );
  if (faults.length === 0) {
    const step = going(() => `object ${tally.objects}`);
    faults.push(...(await checkStore(db, store, { step, tally })));
  } else {
    const fault = "were not looked at, since not every public key can be read";
    faults.push({ kind: "key", where: "all objects", fault, solution: fromBackup });
  }
  for (const reference of references) {
    tell(`rows of ${reference.table}`);
    const count = await countDangling(db, reference);
    if (count === 0) continue;
    const fault = `${count} row(s) name something in ${reference.to} that is not there`;
    faults.push({ kind: "database", where: reference.table, fault, solution: fromBackup });
  }
  faults.push(
    ...(await faultsOfPublicKeys(
      db,
      going(() => "public keys"),
    )),
  );
  faults.push(
    ...(await faultsOfWrappedKeys(
      db,
      going(() => "wrapped keys"),
    )),
  );
  const { storedBytes } = await readTotals(db);
  let read = 0;
  faults.push(
    ...(await faultsOfBytes(db, async (bytes) => {
      read += bytes;
      tell(`values: ${mebibytes(read)} of ${mebibytes(Math.max(storedBytes, read))} MiB`);
      await othersFirst();
    })),
  );
  const digest = await digestStore(db, async (table, rows) => {
    tell(`digest: ${rows} rows of ${table}`);
    await othersFirst();
  });
  return { faults, digest };
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1_048_576);
}
