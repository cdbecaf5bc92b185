// Objects by the hundred thousand, made in the database itself: each with three members, a public property and an encrypted one.
import { randomBytes } from "node:crypto";
import { keyCommitment } from "@pstore/core/commitment";
import { measure } from "@pstore/core/digest";
import type { Fingerprint } from "@pstore/core/fingerprint";
import { wrapFor } from "@pstore/core/keys/wrapped-key";
import { encodeManifest, type Manifest } from "@pstore/core/manifest";
import { sealWhole } from "@pstore/core/openpgp/body";
import { engineOf } from "@pstore/server/database/engines/all";
import type { Tables } from "@pstore/server/database/schema";
import { slices } from "@pstore/server/database/slices";
import type { EngineName } from "@pstore/server/database/store-database";
import { type Kysely, type RawBuilder, sql } from "kysely";
import { runAll, type Words, words } from "./engines.ts";
import { makePerson, type Person } from "./people.ts";

/** Each group of so many users has objects of its own. */
export const groupSize = 3;
/** How many those are, about. */
const objectsOfGroup = 300;

const time = "2026-01-01T00:00:00.000Z";
export const publicText = "192.0.2.1";
const addressBytes = Buffer.from(publicText);

/** The objects of a store: their numbers begin at 1. */
export interface Fill {
  readonly objects: number;
  /** The object `n` is of the group `n % groups`. */
  readonly groups: number;
}

interface FillTables extends Tables {
  bench_people: { number: number; id: string; name: string; fingerprint: string };
}
type Db = Kysely<FillTables>;

/** An object's id: numbers that follow each other are far apart. */
export function objectId(number: number): string {
  const hash = Number((BigInt(number) * 2654435761n) % 4294967296n);
  return `${hex(hash, 8)}-0000-4000-8000-${hex(number, 12)}`;
}

export const objectName = (number: number) => `host${String(number).padStart(7, "0")}.example.com`;

/** What stands for the digest of an object's first manifest. */
export const firstDigest = (number: number) => hex(number, 64);

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, "0");
}

export class Filler {
  readonly people: Person[] = [];
  readonly #words: Words;
  readonly #engine: EngineName;
  readonly #store: string;
  readonly sessionKey = randomBytes(32);
  readonly body = sealWhole(this.sessionKey, Buffer.from("secret"));

  /** @param store its id */
  constructor(engine: EngineName, store: string) {
    this.#engine = engine;
    this.#words = words[engine];
    this.#store = store;
  }

  /**
   * Makes so many objects.
   * @param own the database, as a user with all rights
   */
  async fill(own: Kysely<never>, objects: number): Promise<Fill> {
    const fill = { objects, groups: Math.max(4, Math.round(objects / objectsOfGroup)) };
    await (own as unknown as Db).connection().execute(async (db) => {
      await runAll(db, this.#words.before);
      await this.#addPeople(db, fill.groups * groupSize);
      await this.#addObjects(db, fill);
      await runAll(db, this.#words.after);
      if (this.#engine === "mysql") {
        for (const { name } of await db.introspection.getTables()) {
          await sql`analyze table ${sql.table(name)}`.execute(db);
        }
      }
    });
    return fill;
  }

  async #addPeople(db: Db, count: number): Promise<void> {
    const types = await (await engineOf(this.#engine)).columnTypes(db as never);
    await db.schema
      .createTable("bench_people")
      .addColumn("number", "integer", (c) => c.primaryKey())
      .addColumn("id", types.varchar(36))
      .addColumn("name", types.varchar(150))
      .addColumn("fingerprint", types.varchar(60))
      .execute();
    while (this.people.length < count) this.people.push(await makePerson(this.people.length));
    for (const some of slices(this.people, 500)) {
      await db.insertInto("users").values(some.map(userRow)).execute();
      await db.insertInto("public_keys").values(some.map(keyRow)).execute();
      await db
        .insertInto("bench_people")
        .values(
          some.map(({ number, id, name, key }) => ({
            ...{ number, id, name, fingerprint: key.publicKey.fingerprint },
          })),
        )
        .execute();
    }
  }

  async #addObjects(db: Db, { objects, groups }: Fill): Promise<void> {
    const run = (statement: RawBuilder<unknown>) => statement.execute(db);
    const { hex, numbers } = this.#words;
    const n = sql`n`;
    const id = concat([hex(sql`(n * 2654435761) % 4294967296`, 8), sql.lit("-0000-4000-8000-"), hex(n, 12)]);
    const number = sql`lpad(${concat([n])}, 7, '0')`;
    const decimal = this.#engine === "sqlite" ? sql`printf('%07d', n)` : number;
    await run(sql`create table bench_objects as
      select n, ${id} as id, ${concat([sql.lit("host"), decimal, sql.lit(".example.com")])} as name,
        ${hex(n, 64)} as digest,
        a.id as a_id, a.name as a_name, a.fingerprint as a_key,
        b.id as b_id, b.name as b_name, b.fingerprint as b_key,
        c.id as c_id, c.name as c_name, c.fingerprint as c_key
      from ${numbers(1, objects)}
      inner join bench_people a on a.number = (n % ${sql.lit(groups)}) * ${sql.lit(groupSize)}
      inner join bench_people b on b.number = (n % ${sql.lit(groups)}) * ${sql.lit(groupSize)} + 1
      inner join bench_people c on c.number = (n % ${sql.lit(groups)}) * ${sql.lit(groupSize)} + 2
      order by id`);
    await run(
      sql`insert into objects (id, name, live_name, revision) select id, name, name, 1 from bench_objects`,
    );
    await run(sql`insert into commits (digest, body, signature, author, author_key, received)
      select digest, ${sql.lit("b".repeat(150))}, ${sql.lit("s".repeat(250))}, a_name, a_key, ${sql.lit(time)}
      from bench_objects`);
    await run(sql`insert into revisions (object_id, revision, manifest, digest, commit_digest, position, path)
      select id, 1, ${await this.#manifest()}, digest, digest, 0, '' from bench_objects`);
    for (const [member, access] of members) {
      await run(sql`insert into members (object_id, user_id, access, pending)
        select id, ${sql.ref(`${member}_id`)}, ${sql.lit(access)}, 0 from bench_objects`);
    }
    await this.#addProperty(db, { part: "0001", name: "address", kind: "public", bytes: addressBytes });
    await this.#addProperty(db, { part: "0002", name: "password", kind: "encrypted", bytes: this.body });
    const wrapped = await this.wrapped(0);
    for (const [member] of members) {
      const key = sql.ref(`${member}_key`);
      await run(sql`insert into wrapped_keys (value_id, fingerprint, subkey, bytes)
        select ${valueId("0002")}, ${key}, ${key}, ${wrapped} from bench_objects`);
    }
    await run(sql`insert into audit (id, time, user_name, fingerprint, action, object_id, object_name, property, address, outcome, detail, refused)
      select ${valueId("7000")}, ${sql.lit(time)}, a_name, a_key, 'create', id, name, '', '192.0.2.1', 'ok', '', 0
      from bench_objects`);
    await run(sql`drop table bench_objects`);
    await run(sql`drop table bench_people`);
  }

  async #addProperty(
    db: Db,
    value: { part: string; name: string; kind: string; bytes: Uint8Array },
  ): Promise<void> {
    const { part, name, kind, bytes } = value;
    const { size, digest, pieceDigests } = measure(bytes);
    const about = sql`${sql.lit(size)}, ${sql.lit(digest)}`;
    await sql`insert into stored_values (id, size, digest, piece_digests, object_id, property, revision, created)
      select ${valueId(part)}, ${about}, ${Buffer.concat(pieceDigests)}, id, ${sql.lit(name)}, 1, ${sql.lit(time)}
      from bench_objects`.execute(db);
    await sql`insert into value_pieces (value_id, seq, bytes)
      select ${valueId(part)}, 0, ${Buffer.from(bytes)} from bench_objects`.execute(db);
    await sql`insert into properties (object_id, name, kind, size, revision, digest, value_id)
      select id, ${sql.lit(name)}, ${sql.lit(kind)}, ${sql.lit(size)}, 1, ${sql.lit(digest)}, ${valueId(part)}
      from bench_objects`.execute(db);
  }

  /** The session key, wrapped to somebody. */
  async wrapped(number: number): Promise<Buffer> {
    const key = this.people[number]?.key.publicKey;
    if (key === undefined) throw new Error(`There is no user ${number}.`);
    return Buffer.from(await wrapFor(key, key.fingerprint, this.sessionKey));
  }

  /** An object's manifest at a revision. */
  manifest(object: { id: string; name: string; group: number }, change: ManifestChange): Manifest {
    const { revision, previous, publicBytes } = change;
    const own = this.people.slice(object.group * groupSize, (object.group + 1) * groupSize);
    const [author] = own;
    if (author === undefined) throw new Error(`There is no group ${object.group}.`);
    const place = { store: this.#store, object: object.id, property: "password", revision };
    return {
      ...{ store: this.#store, object: { id: object.id, name: object.name }, revision, previous },
      author: { user: author.name, key: author.key.publicKey.fingerprint },
      time: "2026-01-01T00:00:00Z",
      members: new Map(
        own.map(({ name, key: { publicKey } }, index) => [
          name,
          {
            access: members[index]?.[1] ?? "read",
            keys: new Map<Fingerprint, Fingerprint>([[publicKey.fingerprint, publicKey.fingerprint]]),
          },
        ]),
      ),
      properties: new Map([
        ["address", { kind: "public", ...sizeOf(publicBytes), revision }],
        [
          "password",
          {
            kind: "encrypted",
            ...sizeOf(this.body),
            revision,
            commitment: keyCommitment(this.sessionKey, place),
          },
        ],
      ]),
      deleted: false,
    };
  }

  /** The first manifest of any object as an expression over the table of objects. */
  async #manifest(): Promise<RawBuilder<unknown>> {
    const object = { id: objectId(0), name: objectName(0), group: 0 };
    const text = encodeManifest(
      this.manifest(object, { revision: 1, previous: null, publicBytes: addressBytes }),
    );
    const columns = new Map([
      [object.id, "id"],
      [object.name, "name"],
    ]);
    for (const [index, [member]] of members.entries()) {
      const person = this.people[index];
      if (person === undefined) throw new Error("There are no users.");
      columns.set(person.name, `${member}_name`);
      columns.set(person.key.publicKey.fingerprint, `${member}_key`);
    }
    const pattern = [...columns.keys()].map((part) => part.replace(/[.+/]/g, "\\$&")).join("|");
    const parts = text.split(new RegExp(`(${pattern})`));
    return concat(
      parts.map((part) => {
        const column = columns.get(part);
        return column === undefined ? sql.lit(part) : sql.ref(column);
      }),
    );
  }
}

export interface ManifestChange {
  readonly revision: number;
  readonly previous: string | null;
  readonly publicBytes: Uint8Array;
}

const members = [
  ["a", "write"],
  ["b", "write"],
  ["c", "read"],
] as const;

export function sizeOf(bytes: Uint8Array) {
  const { size, digest } = measure(bytes);
  return { size, digest };
}

/** The id of something of an object's, in the order of the objects' own. */
function valueId(part: string): RawBuilder<unknown> {
  return concat([sql`substr(id, 1, 9)`, sql.lit(part), sql`substr(id, 14)`]);
}

function concat(parts: readonly RawBuilder<unknown>[]): RawBuilder<unknown> {
  return sql`concat(${sql.join(parts)})`;
}

function userRow({ id, name }: Person): Tables["users"] {
  return {
    ...{ id, name, active: 1, removed: null, email: "", full_name: "", staff: 0, superuser: 0, view_any: 0 },
    ...{ password_hash: null, totp_secret: null, totp_last: null, version: 0, created: time },
  };
}

function keyRow({ id, line, key }: Person): Tables["public_keys"] {
  return {
    ...{ fingerprint: key.publicKey.fingerprint, user_id: id, block: line, write_only: 0, description: "" },
    ...{ user_ids: "", expires: null, added: time, removed: null },
  };
}
