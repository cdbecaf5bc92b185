import { isDigest } from "./digest.ts";
import { type Fingerprint, isFingerprint } from "./fingerprint.ts";
import { type Json, type JsonObject, parseJson } from "./json.ts";
import { maxValueSize } from "./limits.ts";
import { isUuid, machineName, propertyName, userName } from "./names.ts";
import { Problem } from "./problem.ts";

/** The first member of every manifest of this format. */
export const manifestFormat = "pstore manifest 1";

/** The longest manifest that is read, in bytes. */
export const maxManifestSize = 8 * 1024 * 1024;

export type Access = "read" | "write";

/** A user, and what they are to be allowed. */
export interface Grant {
  readonly user: string;
  readonly access: Access;
}

export interface Member {
  readonly access: Access;
  /** Primary fingerprint → fingerprint of the (sub)key that values are wrapped to; `null` for a write-only key. */
  readonly keys: ReadonlyMap<Fingerprint, Fingerprint | null>;
}

interface PropertyBase {
  /** SHA-256 over the digests of the pieces of the public value, or of the body. */
  readonly digest: string;
  /** In bytes: of the public value, or of the body. */
  readonly size: number;
  /** The object's revision that sealed this value. */
  readonly revision: number;
}
export interface PublicProperty extends PropertyBase {
  readonly kind: "public";
}
export interface EncryptedProperty extends PropertyBase {
  readonly kind: "encrypted";
  /** The key commitment, see commitment.ts. */
  readonly commitment: string;
}
export type Property = PublicProperty | EncryptedProperty;

/** What an object is at one revision. */
export interface Manifest {
  /** The store's id. */
  readonly store: string;
  readonly object: { readonly id: string; readonly name: string };
  /** 1, 2, … */
  readonly revision: number;
  /** The digest of the previous revision's manifest; `null` at revision 1. */
  readonly previous: string | null;
  readonly author: { readonly user: string; readonly key: Fingerprint };
  /** When the author's clock said it was made (RFC 3339, UTC, whole seconds). It decides nothing. */
  readonly time: string;
  readonly members: ReadonlyMap<string, Member>;
  readonly properties: ReadonlyMap<string, Property>;
  /** A deleted object still lists its members and properties. */
  readonly deleted: boolean;
}

/** The bytes of a manifest as text: members sorted by name, no white space. All of it is ASCII. */
export function encodeManifest(manifest: Manifest): string {
  const { store, object, revision, previous, author, time, members, properties, deleted } = manifest;
  const head = JSON.stringify({
    format: manifestFormat,
    store,
    object: { id: object.id, name: object.name },
    revision,
    previous,
    author: { user: author.user, key: author.key },
    time,
  });
  const encodedMembers = encodeMap(
    members,
    ({ access, keys }) => `{"access":"${access}","keys":${encodeMap(keys, (part) => JSON.stringify(part))}}`,
  );
  const rest = `"members":${encodedMembers},"properties":${encodeMap(properties, encodeProperty)}`;
  return `${head.slice(0, -1)},${rest}${deleted ? ',"deleted":true' : ""}}`;
}

function encodeProperty(property: Property): string {
  const { kind, digest, size, revision } = property;
  return JSON.stringify(
    property.kind === "encrypted"
      ? { kind, digest, size, revision, commitment: property.commitment }
      : { kind, digest, size, revision },
  );
}

/** Not through an object, which would put names of digits first. */
function encodeMap<T>(map: ReadonlyMap<string, T>, encode: (value: T) => string): string {
  const sorted = [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([name, value]) => `${JSON.stringify(name)}:${encode(value)}`).join(",")}}`;
}

/**
 * Reads a manifest. What a signature covers is read strictly: unknown, missing and repeated members are refused.
 * @throws Problem `bad-manifest` (or `bad-name`) with what is wrong
 */
export function parseManifest(text: string): Manifest {
  if (text.length > maxManifestSize) fail(`is longer than ${maxManifestSize} bytes`);
  const top = fields(
    parseJson(text),
    "itself",
    ["format", "store", "object", "revision", "previous", "author", "time", "members", "properties"],
    ["deleted"],
  );
  if (top("format") !== manifestFormat) {
    fail(
      `has a format that this version does not know (it knows '${manifestFormat}'); a newer pstore may be needed`,
    );
  }
  const object = fields(top("object"), "object", ["id", "name"]);
  const author = fields(top("author"), "author", ["user", "key"]);
  const revision = count(top("revision"), "revision");
  const previous = top("previous");
  const manifest: Manifest = {
    store: uuid(top("store"), "store"),
    object: { id: uuid(object("id"), "object.id"), name: machineName(string(object("name"), "object.name")) },
    revision,
    previous: previous === null ? null : digest(previous, "previous"),
    author: {
      user: userName(string(author("user"), "author.user")),
      key: fingerprint(author("key"), "author.key"),
    },
    time: timestamp(top("time")),
    members: map(top("members"), "members", userName, parseMember),
    properties: map(top("properties"), "properties", storedPropertyName, (value, where) =>
      parseProperty(value, where, revision),
    ),
    deleted: parseDeleted(top("deleted")),
  };
  if ((manifest.revision === 1) !== (manifest.previous === null))
    fail("has no 'previous' that fits its revision");
  if (manifest.members.size === 0) fail("has no members");
  refuseSharedKeys(manifest.members);
  return manifest;
}

function parseMember(value: Json, where: string): Member {
  const member = fields(value, where, ["access", "keys"]);
  const access = member("access");
  if (access !== "read" && access !== "write") fail(`has an unknown access in ${where}`);
  const keys = map(
    member("keys"),
    `${where}.keys`,
    (name) => fingerprint(name, `${where}.keys`),
    (part) => (part === null ? null : fingerprint(part, `${where}.keys`)),
  );
  for (const [key, part] of keys)
    if (part !== null && !fits(key, part)) fail(`wraps to a foreign key in ${where}.keys`);
  return { access, keys };
}

/** An OpenPGP key is wrapped to one of its (sub)keys, an SSH key to itself. */
function fits(key: Fingerprint, part: Fingerprint): boolean {
  return key.startsWith("openpgp:") ? part.startsWith("openpgp:") : part === key;
}

/** A key is one user's: else a writer could list an outsider's key under a colleague's name. */
function refuseSharedKeys(members: ReadonlyMap<string, Member>): void {
  const owners = new Map<Fingerprint, string>();
  for (const [user, { keys }] of members) {
    for (const key of keys.keys()) {
      const owner = owners.get(key);
      if (owner !== undefined) fail(`lists one key for both ${owner} and ${user}`);
      owners.set(key, user);
    }
  }
}

function parseProperty(value: Json, where: string, newest: number): Property {
  const kind = value instanceof Map ? value.get("kind") : undefined;
  if (kind !== "public" && kind !== "encrypted") fail(`has an unknown kind in ${where}`);
  const common = ["kind", "digest", "size", "revision"];
  const property = fields(value, where, kind === "encrypted" ? [...common, "commitment"] : common);
  const base = {
    digest: digest(property("digest"), `${where}.digest`),
    size: size(property("size"), `${where}.size`),
    revision: count(property("revision"), `${where}.revision`),
  };
  if (base.revision > newest) fail(`has a revision in ${where} that is still to come`);
  return kind === "public"
    ? { kind, ...base }
    : { kind, ...base, commitment: digest(property("commitment"), `${where}.commitment`) };
}

function parseDeleted(value: Json | undefined): boolean {
  if (value !== undefined && value !== true) fail("has a 'deleted' other than true");
  return value === true;
}

type Fields = (name: string) => Json;

/** The members of a JSON object that has exactly these names (the optional ones read as undefined). */
function fields(
  value: Json,
  where: string,
  names: readonly string[],
  optional: readonly string[] = [],
): Fields {
  if (!(value instanceof Map)) fail(`has no object in ${where}`);
  const object = value as JsonObject;
  for (const name of names) if (!object.has(name)) fail(`lacks '${name}' in ${where}`);
  for (const name of object.keys()) {
    if (!names.includes(name) && !optional.includes(name))
      fail(`holds an unknown ${JSON.stringify(name.slice(0, 80))} in ${where}`);
  }
  return (name) => object.get(name) as Json;
}

function map<K extends string, V>(
  value: Json,
  where: string,
  readName: (name: string) => K,
  readValue: (value: Json, where: string) => V,
): ReadonlyMap<K, V> {
  if (!(value instanceof Map)) fail(`has no object in ${where}`);
  return new Map(
    [...(value as JsonObject)].map(([name, item]) => [
      readName(name),
      readValue(item, `${where} of '${name}'`),
    ]),
  );
}

function string(value: Json, where: string): string {
  return typeof value === "string" ? value : fail(`has no text in ${where}`);
}

function uuid(value: Json, where: string): string {
  return isUuid(value) ? value : fail(`has no UUID in ${where}`);
}

function digest(value: Json, where: string): string {
  return isDigest(value) ? value : fail(`has no SHA-256 digest in ${where}`);
}

function fingerprint(value: Json, where: string): Fingerprint {
  return isFingerprint(value) ? value : fail(`has no key fingerprint in ${where}`);
}

function size(value: Json, where: string): number {
  return typeof value === "number" && value <= maxValueSize
    ? value
    : fail(`has no size of a value in ${where}`);
}

function count(value: Json, where: string): number {
  return typeof value === "number" && value > 0 ? value : fail(`has no positive number in ${where}`);
}

function timestamp(value: Json): string {
  return typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value)
    ? value
    : fail("has no time in 'time'");
}

function storedPropertyName(name: string): string {
  return propertyName(name) === name ? name : fail(`has a property name that is not lower-case`);
}

function fail(complaint: string): never {
  throw new Problem("bad-manifest", `the manifest ${complaint}`);
}
