import { clientCommand, grantOf, propertyWords } from "@pstore/core/client-command";
import { pieceCount, pieceSize } from "@pstore/core/digest";
import type { Fingerprint } from "@pstore/core/fingerprint";
import type { Manifest, Property } from "@pstore/core/manifest";
import type { Db } from "../../database/open.ts";
import type { PropertyTable, StoredValueTable } from "../../database/schema.ts";
import { pieceSizes } from "../../repositories/values.ts";
import { wrappedKeysOfValue } from "../../repositories/wrapped-keys.ts";
import { type FaultOfObject, fromBackup } from "./fault.ts";

/** A key that the values of an object are wrapped to. */
interface Reader {
  readonly user: string;
  /** As it stands behind the machine on the command line. */
  readonly grant: string;
  readonly subkey: Fingerprint;
}

/** What the database has of an object's properties, and of every value that it was ever given. */
export interface StoredOfObject {
  readonly rows: readonly PropertyTable[];
  readonly values: readonly StoredValueTable[];
}

const anyChange = "any change of the machine by a writer mends it";

/**
 * What is wrong with the values of an object: every current one must be there and wrapped to every reader; of older ones
 * those that are there must be whole. Their bytes are counted, not read.
 * @param manifests by revision
 */
export async function faultsOfValues(
  db: Db,
  head: Manifest,
  manifests: ReadonlyMap<number, Manifest>,
  { rows, values }: StoredOfObject,
): Promise<FaultOfObject[]> {
  const faults = missing(head, rows, values);
  const current = new Set(head.deleted ? [] : rows.map((row) => row.value_id));
  for (const value of values) {
    const sealed = manifests.get(value.revision ?? 0)?.properties.get(value.property ?? "");
    const isCurrent = current.has(value.id);
    faults.push(...(await faultsOfStored(db, value, sealed)));
    if (!head.deleted) faults.push(...faultsOfMark(value, isCurrent));
    faults.push(...(await faultsOfWrapping(db, head, value, sealed, isCurrent)));
  }
  return faults;
}

function missing(
  head: Manifest,
  rows: readonly PropertyTable[],
  values: readonly StoredValueTable[],
): FaultOfObject[] {
  const faults: FaultOfObject[] = [];
  for (const [name, property] of head.properties) {
    const row = rows.find((one) => one.name === name);
    // Of what is deleted, the values are dropped some day.
    if (head.deleted && row === undefined) continue;
    const value = values.find((one) => one.id === row?.value_id);
    const fits =
      value?.property === name &&
      value.revision === property.revision &&
      value.size === property.size &&
      value.digest === property.digest;
    if (!fits) faults.push(damage(`the value of '${name}' is missing or another one`));
  }
  return faults;
}

async function faultsOfStored(
  db: Db,
  value: StoredValueTable,
  sealed: Property | undefined,
): Promise<FaultOfObject[]> {
  const faults: FaultOfObject[] = [];
  const which = `'${value.property}' from revision ${value.revision}`;
  if (sealed?.revision !== value.revision || sealed.digest !== value.digest) {
    faults.push(damage(`no manifest names the stored value of ${which}`));
  }
  const pieces = await pieceSizes(db, value.id);
  const count = pieceCount(value.size);
  const whole =
    pieces.length === count &&
    value.piece_digests.length === 32 * count &&
    pieces.every(
      ({ seq, size }, at) =>
        seq === at && size === (at < count - 1 ? pieceSize : value.size - at * pieceSize),
    );
  if (!whole) faults.push(damage(`the value of ${which} is not whole`));
  return faults;
}

/** A wrong mark would have a value dropped too early, or never. */
function faultsOfMark(value: StoredValueTable, isCurrent: boolean): FaultOfObject[] {
  if (isCurrent === (value.replaced === null)) return [];
  const fault = `'${value.property}' from revision ${value.revision} counts as ${isCurrent ? "replaced, but it stands" : "standing, but it was replaced"}`;
  return [{ kind: "index", fault, solution: anyChange }];
}

async function faultsOfWrapping(
  db: Db,
  head: Manifest,
  value: StoredValueTable,
  sealed: Property | undefined,
  isCurrent: boolean,
): Promise<FaultOfObject[]> {
  const faults: FaultOfObject[] = [];
  const name = value.property ?? "";
  const readers = readersOf(head);
  const wrapped = await wrappedKeysOfValue(db, value.id);
  for (const { fingerprint } of wrapped) {
    const isReader = readers.has(fingerprint);
    if (sealed?.kind === "encrypted" && isReader) continue;
    faults.push({
      kind: "wrapped key",
      fault: `'${name}' is wrapped to ${fingerprint}, which is no reading key of a member`,
      solution: isReader || head.deleted ? fromBackup : anyChange,
    });
  }
  if (!isCurrent || sealed?.kind !== "encrypted") return faults;
  for (const [fingerprint, { user, grant, subkey }] of readers) {
    if (wrapped.some((row) => row.fingerprint === fingerprint && row.subkey === subkey)) continue;
    const { name: machine } = head.object;
    faults.push({
      kind: "wrapped key",
      fault: `'${name}' is not wrapped to ${user}'s reading key ${fingerprint}`,
      solution: `a writer who reads '${name}' takes ${user} out and in again: ${clientCommand(machine, `^${user}`)}, then ${clientCommand(machine, grant)}; or sets it again: ${clientCommand(machine, "-pe", ...propertyWords(name))}`,
    });
  }
  return faults;
}

function readersOf({ members }: Manifest): ReadonlyMap<string, Reader> {
  const readers = new Map<string, Reader>();
  for (const [user, { access, keys }] of members) {
    for (const [key, subkey] of keys) {
      if (subkey !== null) readers.set(key, { user, grant: grantOf(user, access), subkey });
    }
  }
  return readers;
}

function damage(fault: string): FaultOfObject {
  return { kind: "value", fault, solution: fromBackup };
}
