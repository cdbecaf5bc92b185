import type { CheckAnswer } from "@pstore/core/api/schemas";
import { faultOfFirst, faultOfNext, type Known } from "@pstore/core/checks";
import { checkInclusion } from "@pstore/core/commit";
import { digestOf, pieceCount, pieceSize } from "@pstore/core/digest";
import { type Manifest, parseManifest } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Db } from "../database/open.ts";
import { type ObjectTable, type StoreTable, timeText } from "../database/schema.ts";
import { findKey } from "../repositories/keys.ts";
import {
  emptyCommits,
  findCommit,
  findObject,
  listObjects,
  membersOf,
  propertiesOf,
  type SignedRevision,
  signedRevisions,
} from "../repositories/objects.ts";
import { looseValues, pieceSizes, valuesOf, wrappedKeysOfValue } from "../repositories/values.ts";
import { record } from "./audit.ts";
import { certificateOf } from "./certificates.ts";
import { shownRevision } from "./details.ts";
import { usersWithKeys } from "./directory.ts";
import { faultOfMember, hasUsableKey } from "./members.ts";
import type { Caller } from "./sessions.ts";

export type Fault = CheckAnswer["faults"][number];

const fromBackup =
  "restore the database from a backup; if it was not changed by hand, its disk or file is damaged";
const day = 86_400_000;

/**
 * Every inconsistency of a store with its solution, for privileged users.
 * @throws Problem `forbidden`
 */
export async function checkFor(db: Db, store: StoreTable, caller: Caller): Promise<CheckAnswer> {
  if (!caller.seesAll && !caller.staff) {
    throw new Problem("forbidden", "only staff and users with the right to view any machine run the check");
  }
  const faults = await checkStore(db, store);
  await record(db, caller, [{ action: "check", detail: `${faults.length} faults` }]);
  return { faults };
}

/** Every inconsistency of a store with its solution. Values are checked for presence and size, not read. */
export async function checkStore(db: Db, store: StoreTable): Promise<Fault[]> {
  const faults: Fault[] = [];
  const signatures = new Map<string, string | null>();
  for (const { id } of await listObjects(db)) {
    // An object at a time, so that nobody waits for the whole check.
    await db.transaction().execute(async (trx) => {
      const object = await findObject(trx, id);
      if (object !== undefined) await new ObjectCheck(trx, store, object, faults, signatures).run();
    });
  }
  for (const { digest } of await emptyCommits(db)) {
    faults.push({
      kind: "commit",
      where: digest,
      fault: "the commit has no revisions",
      solution: fromBackup,
    });
  }
  const before = timeText(new Date(Date.now() - 2 * day));
  for (const { id } of await looseValues(db, before)) {
    faults.push({
      kind: "value",
      where: id,
      fault: "the value belongs to nothing",
      solution: "start the server: it drops such values at its start",
    });
  }
  return faults;
}

class ObjectCheck {
  readonly #db: Db;
  readonly #store: StoreTable;
  readonly #object: ObjectTable;
  readonly #faults: Fault[];
  /** Commit → what is wrong with its signature. */
  readonly #signatures: Map<string, string | null>;

  constructor(
    db: Db,
    store: StoreTable,
    object: ObjectTable,
    faults: Fault[],
    signatures: Map<string, string | null>,
  ) {
    this.#db = db;
    this.#store = store;
    this.#object = object;
    this.#faults = faults;
    this.#signatures = signatures;
  }

  async run(): Promise<void> {
    const manifests = await this.#checkChain();
    const head = manifests.get(this.#object.revision);
    if (head === undefined) {
      this.#add("revision", `its newest revision ${this.#object.revision} is missing or damaged`);
      return;
    }
    await this.#checkIndex(head);
    await this.#checkValues(head, manifests);
    if (!head.deleted) await this.#checkMembers(head);
  }

  #add(kind: string, fault: string, solution = fromBackup): void {
    this.#faults.push({ kind, where: this.#object.name, fault, solution });
  }

  async #checkChain(): Promise<Map<number, Manifest>> {
    const manifests = new Map<number, Manifest>();
    let before: Known | null = null;
    let expected = 1;
    for (const row of await signedRevisions(this.#db, this.#object.id, 1, Number.MAX_SAFE_INTEGER)) {
      if (row.revision !== expected) this.#add("revision", `revision ${expected} is missing`);
      expected = row.revision + 1;
      const known = this.#readRevision(row);
      if (known === null) continue;
      manifests.set(row.revision, known.manifest);
      const fault: string | null =
        before === null ? faultOfFirst(known.manifest) : faultOfNext(before, known.manifest);
      if (fault !== null) this.#add("revision", `revision ${row.revision} ${fault}`);
      const signature = await this.#faultOfSignature(row, known.manifest);
      if (signature !== null) this.#add("signature", `revision ${row.revision}: ${signature}`);
      before = known;
    }
    if (expected !== this.#object.revision + 1) {
      this.#add(
        "index",
        `the index says revision ${this.#object.revision}, but the newest is ${expected - 1}`,
      );
    }
    return manifests;
  }

  #readRevision(row: SignedRevision): Known | null {
    try {
      const manifest = parseManifest(row.manifest);
      if (digestOf(row.manifest) !== row.digest)
        throw new Problem("bad-manifest", "its digest is another one");
      if (manifest.object.id !== this.#object.id || manifest.revision !== row.revision) {
        throw new Problem("bad-manifest", "its manifest is of another object or revision");
      }
      checkInclusion(shownRevision(row), this.#store.id);
      return { manifest, digest: row.digest };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#add("revision", `revision ${row.revision}: ${error.message}`);
      return null;
    }
  }

  async #faultOfSignature(row: SignedRevision, manifest: Manifest): Promise<string | null> {
    const known = this.#signatures.get(row.commit_digest);
    if (known !== undefined) return known;
    const fault = await this.#verify(row, manifest);
    this.#signatures.set(row.commit_digest, fault);
    return fault;
  }

  async #verify(row: SignedRevision, { author }: Manifest): Promise<string | null> {
    const commit = await findCommit(this.#db, row.commit_digest);
    if (commit === undefined || digestOf(`${commit.body}${commit.signature}`) !== commit.digest) {
      return "its commit is missing or damaged";
    }
    if (commit.author !== author.user || commit.author_key !== author.key) {
      return "its commit names another author";
    }
    const key = await findKey(this.#db, author.key);
    if (key === undefined) return `its author's key ${author.key} is missing`;
    const { verifyDetached } = await import("@pstore/core/openpgp/signature");
    try {
      const signature = Uint8Array.from(Buffer.from(commit.signature, "base64"));
      await verifyDetached(await certificateOf(key.block), Buffer.from(commit.body), signature);
      return null;
    } catch (error) {
      if (error instanceof Problem) return error.message;
      throw error;
    }
  }

  async #checkIndex(head: Manifest): Promise<void> {
    const { name, live_name: liveName } = this.#object;
    if (name !== head.object.name || liveName !== (head.deleted ? null : name)) {
      this.#add("index", "the index has another name, or another state, than the newest manifest");
    }
    const members = await membersOf(this.#db, [this.#object.id]);
    const same =
      members.length === head.members.size &&
      members.every((member) => head.members.get(member.user_name)?.access === member.access);
    if (!same) this.#add("index", "the index has other members than the newest manifest");
    const properties = await propertiesOf(this.#db, this.#object.id);
    const sameProperties =
      properties.length === head.properties.size &&
      properties.every((row) => {
        const signed = head.properties.get(row.name);
        return (
          signed?.kind === row.kind &&
          signed.size === row.size &&
          signed.revision === row.revision &&
          signed.digest === row.digest
        );
      });
    if (!sameProperties) this.#add("index", "the index has other properties than the newest manifest");
  }

  async #checkValues(head: Manifest, manifests: ReadonlyMap<number, Manifest>): Promise<void> {
    const rows = await propertiesOf(this.#db, this.#object.id);
    const values = await valuesOf(this.#db, this.#object.id);
    const current = new Set(rows.map((row) => row.value_id));
    for (const [name, property] of head.properties) {
      const row = rows.find((one) => one.name === name);
      const value = values.find((one) => one.id === row?.value_id);
      const fits =
        value?.property === name &&
        value.revision === property.revision &&
        value.size === property.size &&
        value.digest === property.digest;
      if (!fits) this.#add("value", `the value of '${name}' is missing or another one`);
    }
    const readers = new Map([...head.members.values()].flatMap((member) => [...member.keys]));
    for (const value of values) {
      const name = value.property ?? "";
      const sealed = manifests.get(value.revision ?? 0)?.properties.get(name);
      if (sealed?.revision !== value.revision || sealed?.digest !== value.digest) {
        this.#add("value", `no manifest names the stored value of '${name}' from revision ${value.revision}`);
      }
      const pieces = await pieceSizes(this.#db, value.id);
      const count = pieceCount(value.size);
      const whole =
        pieces.length === count &&
        value.piece_digests.length === 32 * count &&
        pieces.every(
          ({ seq, size }, at) =>
            seq === at && size === (at < count - 1 ? pieceSize : value.size - at * pieceSize),
        );
      if (!whole) this.#add("value", `the value of '${name}' from revision ${value.revision} is not whole`);
      const wrapped = await wrappedKeysOfValue(this.#db, value.id);
      for (const { fingerprint } of wrapped) {
        if (sealed?.kind === "encrypted" && readers.get(fingerprint as never)) continue;
        this.#add(
          "wrapped key",
          `'${name}' is wrapped to ${fingerprint}, which is no reading key of a member`,
        );
      }
      if (!current.has(value.id) || sealed?.kind !== "encrypted" || head.deleted) continue;
      for (const [fingerprint, subkey] of readers) {
        if (subkey === null) continue;
        const has = wrapped.some((row) => row.fingerprint === fingerprint && row.subkey === subkey);
        if (has) continue;
        this.#add(
          "wrapped key",
          `'${name}' is not wrapped to the reading key ${fingerprint}`,
          `a member who can read '${name}' sets it again: pstore ${this.#object.name} -pe ${name}`,
        );
      }
    }
  }

  async #checkMembers(head: Manifest): Promise<void> {
    const now = new Date();
    const users = await usersWithKeys(this.#db, head.members.keys());
    let writers = 0;
    for (const [name, member] of head.members) {
      const found = users.get(name);
      if (member.access === "write" && found !== undefined && (await hasUsableKey(found, now))) writers++;
      const fault = await faultOfMember(name, member, found, now);
      if (fault === null) continue;
      this.#add(
        "member",
        fault,
        `a writer revokes the member: pstore ${this.#object.name} ^${name}; or have the user enabled, or a usable key added`,
      );
    }
    if (writers === 0) {
      this.#add(
        "member",
        "nobody can write it: no writer is an active user with a usable key",
        "enable a writer again, or add a usable key for one",
      );
    }
  }
}
