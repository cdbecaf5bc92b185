import { faultOfFirst, faultOfNext, isPending, type Known } from "@pstore/core/checks";
import { checkInclusion } from "@pstore/core/commit";
import { digestOf } from "@pstore/core/digest";
import { verifySignature } from "@pstore/core/keys/signature";
import { type Manifest, parseManifest } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Db } from "../../database/open.ts";
import type { ObjectTable, StoreTable } from "../../database/schema.ts";
import { findKey } from "../../repositories/keys.ts";
import { membersOf } from "../../repositories/members.ts";
import { propertiesOf } from "../../repositories/properties.ts";
import { findCommit, type SignedRevision, signedRevisions } from "../../repositories/revisions.ts";
import { shownRevision } from "../details.ts";
import { usersWithKeys } from "../directory.ts";
import { userKeyOf } from "../user-keys.ts";
import { type FaultOfObject, type Found, fromBackup, type SharedFault } from "./fault.ts";
import { faultsOfMembers } from "./members.ts";
import { faultsOfValues } from "./values.ts";

/** Looks for what is wrong with one object: its chain and signatures, the index of it, its values and members. */
export class ObjectCheck {
  readonly #db: Db;
  readonly #store: StoreTable;
  readonly #object: ObjectTable;
  readonly #faults: Found[];
  /** Commit → what is wrong with its signature. */
  readonly #signatures: Map<string, string | null>;

  constructor(
    db: Db,
    store: StoreTable,
    object: ObjectTable,
    faults: Found[],
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
    this.#addAll(await faultsOfValues(this.#db, head, manifests));
    if (head.deleted) return;
    const users = await usersWithKeys(this.#db, head.members.keys());
    this.#addAll(await faultsOfMembers(head, users, new Date()));
  }

  #add(kind: string, fault: string): void {
    this.#addAll([{ kind, fault, solution: fromBackup }]);
  }

  #addAll(faults: readonly (FaultOfObject | SharedFault)[]): void {
    const { name, live_name: liveName, withheld } = this.#object;
    const state = [...(liveName === null ? ["deleted"] : []), ...(withheld === null ? [] : ["withheld"])];
    const where = state.length === 0 ? name : `${name} (${state.join(", ")})`;
    for (const one of faults) {
      this.#faults.push(
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
    try {
      const signature = Uint8Array.from(Buffer.from(commit.signature, "base64"));
      await verifySignature(await userKeyOf(key.block), { text: commit.body, purpose: "commit" }, signature);
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
      members.every(({ user_name: name, access, pending }) => {
        const signed = head.members.get(name);
        return signed?.access === access && isPending(signed) === (pending === 1);
      });
    if (!same) this.#add("index", "the index has other members than the newest manifest");
    const properties = await propertiesOf(this.#db, this.#object.id);
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
