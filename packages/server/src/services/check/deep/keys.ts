import type { Fingerprint } from "@pstore/core/fingerprint";
import { checkWrappedKey } from "@pstore/core/keys/wrapped-key";
import { Problem } from "@pstore/core/problem";
import type { Db } from "../../../database/open.ts";
import { rowsOf } from "../../../repositories/table-rows.ts";
import { placeOfValue } from "../../../repositories/values.ts";
import { userKeyOf } from "../../user-keys.ts";
import { type Fault, fromBackup } from "../fault.ts";

/** Reads every public key, removed ones too: what they signed is verified by them. */
export async function faultsOfPublicKeys(db: Db, step: () => Promise<void>): Promise<Fault[]> {
  const faults: Fault[] = [];
  for await (const part of rowsOf(db, "public_keys")) {
    for (const { fingerprint, block } of part) {
      const fault = await sentence(async () => {
        const key = await userKeyOf(block);
        return key.fingerprint === fingerprint ? null : `its block is that of ${key.fingerprint}`;
      });
      if (fault !== null) faults.push({ kind: "key", where: fingerprint, fault, solution: fromBackup });
      await step();
    }
  }
  return faults;
}

/** Reads every wrapped key: whether it opens, its holder alone can tell, but not whether it is one for that part of the key. */
export async function faultsOfWrappedKeys(db: Db, step: () => Promise<void>): Promise<Fault[]> {
  const faults: Fault[] = [];
  for await (const part of rowsOf(db, "wrapped_keys")) {
    for (const row of part) {
      const fault = await sentence(async () => {
        checkWrappedKey(row.bytes, row.subkey as Fingerprint);
        return null;
      });
      if (fault === null) continue;
      const place = await placeOfValue(db, row.value_id);
      // Dropped meanwhile, with its value.
      if (place === undefined) continue;
      faults.push({
        kind: "wrapped key",
        where: place.name,
        fault: `'${place.property}' from revision ${place.revision}, for ${row.fingerprint}: ${fault}`,
        solution: fromBackup,
      });
    }
    await step();
  }
  return faults;
}

async function sentence(look: () => Promise<string | null>): Promise<string | null> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof Problem) return error.message;
    throw error;
  }
}
