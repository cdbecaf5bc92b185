import { faultOfFirst, faultOfNext, isPending, type Known } from "@pstore/core/checks";
import { checkInclusion } from "@pstore/core/commit";
import { digestOf } from "@pstore/core/digest";
import { verifySignature } from "@pstore/core/keys/signature";
import { type Manifest, parseManifest } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Db } from "../../database/open.ts";
import type { ObjectTable, PropertyTable, StoreTable } from "../../database/schema.ts";
import { snapshot } from "../../database/transactions.ts";
import { findAnyObject } from "../../repositories/any-objects.ts";
import { findKey } from "../../repositories/keys.ts";
import { membersOf } from "../../repositories/members.ts";
import { propertiesOf } from "../../repositories/properties.ts";
import { findCommit, type SignedRevision, signedRevisions } from "../../repositories/revisions.ts";
import { valuesOf } from "../../repositories/values.ts";
import { shownRevision } from "../details.ts";
import { usersWithKeys } from "../directory.ts";
import { userKeyOf } from "../user-keys.ts";
import { type FaultOfObject, type Found, fromBackup, type SharedFault } from "./fault.ts";
import { faultsOfMembers } from "./members.ts";
import type { Tally } from "./tally.ts";
import { faultsOfValues } from "./values.ts";

/** What the checks of all objects share. */
export interface CheckOfStore {
  readonly db: Db;
  readonly store: StoreTable;
  /** Lets others go first, or ends the check by throwing. Never within a transaction. */
  readonly step: () => Promise<void>;
  readonly faults: Found[];
  /** Commits of several objects → what is wrong with their signatures. */
  readonly signatures: Map<string, string | null>;
  readonly tally: Tally;
}

/** So many revisions are read at once. */
const revisionsAtOnce = 20;

/** Looks for what is wrong with one object: its chain and signatures, the index of it, its values and members. */
export class ObjectCheck {
  readonly #check: CheckOfStore;
  #object: ObjectTable;
  readonly #manifests = new Map<number, Manifest>();
  /** The last revision that could be read. */
  #before: Known | null = null;
  /** The revision that comes next. */
  #expected = 1;

  constructor(check: CheckOfStore, object: ObjectTable) {
    this.#check = check;
    this.#object = object;
  }

  async run(): Promise<void> {
    const { db, step } = this.#check;
    // What was written once is never changed: a long chain is read bit by bit, and nobody waits for it.
    const end = this.#object.revision;
    for (let from = 1; from <= end; from += revisionsAtOnce) {
      await this.#checkChain(db, from, Math.min(from + revisionsAtOnce - 1, end));
      await step();
    }
    await snapshot(db, async (still) => {
      const object = await findAnyObject(still, this.#object.id);
      if (object === undefined) return;
      this.#object = object;
      await this.#checkChain(still, end + 1, Number.MAX_SAFE_INTEGER);
      await this.#checkNewest(still);
    });
  }

  async #checkNewest(db: Db): Promise<void> {
    const { id, revision } = this.#object;
    if (this.#expected !== revision + 1) {
      this.#add("index", `the index says revision ${revision}, but the newest is ${this.#expected - 1}`);
    }
    const { tally } = this.#check;
    const stored = { rows: await propertiesOf(db, id), values: await valuesOf(db, id) };
    tally.countValues(this.#object, stored.values);
    const head = this.#manifests.get(revision);
    if (head === undefined) {
      this.#add("revision", `its newest revision ${revision} is missing or damaged`);
      return;
    }
    await this.#checkIndex(db, head, stored.rows);
    this.#addAll(await faultsOfValues(db, head, this.#manifests, stored));
    if (head.deleted) return;
    const users = await usersWithKeys(db, head.members.keys());
    this.#addAll(await faultsOfMembers(head, users, new Date()));
    await tally.countMembers(head, users);
  }

  #add(kind: string, fault: string): void {
    this.#addAll([{ kind, fault, solution: fromBackup }]);
  }

  #addAll(faults: readonly (FaultOfObject | SharedFault)[]): void {
    const { name, live_name: liveName, withheld } = this.#object;
    const state = [...(liveName === null ? ["deleted"] : []), ...(withheld === null ? [] : ["withheld"])];
    const where = state.length === 0 ? name : `${name} (${state.join(", ")})`;
    for (const one of faults) {
      this.#check.faults.push(
        typeof one.solution === "string"
          ? ({ ...one, where } as Found)
          : ({ ...one, solution: this.#whenShown(one.solution), where, machine: name } as Found),
      );
    }
  }

  /** Nobody can change what is withheld. */
  #whenShown(solution: SharedFault["solution"]): SharedFault["solution"] {
    if (this.#object.withheld === null) return solution;
    return (machines) => `once it is shown again in the web admin, ${solution(machines)}`;
  }

  async #checkChain(db: Db, from: number, to: number): Promise<void> {
    for (const row of await signedRevisions(db, this.#object.id, from, to)) {
      this.#check.tally.countRevision(row);
      if (row.revision !== this.#expected) this.#add("revision", `revision ${this.#expected} is missing`);
      this.#expected = row.revision + 1;
      const known = this.#readRevision(row);
      if (known === null) continue;
      this.#manifests.set(row.revision, known.manifest);
      const before = this.#before;
      const fault = before === null ? faultOfFirst(known.manifest) : faultOfNext(before, known.manifest);
      if (fault !== null) this.#add("revision", `revision ${row.revision} ${fault}`);
      const signature = await this.#faultOfSignature(db, row, known.manifest);
      if (signature !== null) this.#add("signature", `revision ${row.revision}: ${signature}`);
      this.#before = known;
    }
  }

  #readRevision(row: SignedRevision): Known | null {
    try {
      const manifest = parseManifest(row.manifest);
      if (digestOf(row.manifest) !== row.digest)
        throw new Problem("bad-manifest", "its digest is another one");
      if (manifest.object.id !== this.#object.id || manifest.revision !== row.revision) {
        throw new Problem("bad-manifest", "its manifest is of another object or revision");
      }
      checkInclusion(shownRevision(row), this.#check.store.id);
      return { manifest, digest: row.digest };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#add("revision", `revision ${row.revision}: ${error.message}`);
      return null;
    }
  }

  async #faultOfSignature(db: Db, row: SignedRevision, manifest: Manifest): Promise<string | null> {
    const { signatures } = this.#check;
    const known = signatures.get(row.commit_digest);
    if (known !== undefined) return known;
    const fault = await this.#verify(db, row, manifest);
    // A manifest that is alone in its commit has no path, and nobody asks again.
    if (row.path !== "") signatures.set(row.commit_digest, fault);
    return fault;
  }

  async #verify(db: Db, row: SignedRevision, { author }: Manifest): Promise<string | null> {
    const commit = await findCommit(db, row.commit_digest);
    if (commit === undefined || digestOf(`${commit.body}${commit.signature}`) !== commit.digest) {
      return "its commit is missing or damaged";
    }
    if (commit.author !== author.user || commit.author_key !== author.key) {
      return "its commit names another author";
    }
    const key = await findKey(db, author.key);
    if (key === undefined) return `its author's key ${author.key} is missing`;
    try {
      const signature = Uint8Array.from(Buffer.from(commit.signature, "base64"));
      await verifySignature(await userKeyOf(key.block), { text: commit.body, purpose: "commit" }, signature);
      return null;
    } catch (error) {
      if (error instanceof Problem) return error.message;
      throw error;
    }
  }

  async #checkIndex(db: Db, head: Manifest, properties: readonly PropertyTable[]): Promise<void> {
    const { name, live_name: liveName } = this.#object;
    if (name !== head.object.name || liveName !== (head.deleted ? null : name)) {
      this.#add("index", "the index has another name, or another state, than the newest manifest");
    }
    const members = await membersOf(db, [this.#object.id]);
    const same =
      members.length === head.members.size &&
      members.every(({ user_name: name, access, pending }) => {
        const signed = head.members.get(name);
        return signed?.access === access && isPending(signed) === (pending === 1);
      });
    if (!same) this.#add("index", "the index has other members than the newest manifest");
    // Of what is deleted, the values are dropped some day, and the index of them.
    const sameProperties =
      (head.deleted || properties.length === head.properties.size) &&
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
}
