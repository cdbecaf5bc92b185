import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Difference, differences } from "./changes.ts";
import { sameProperty } from "./checks.ts";
import type { Access, Manifest, Member, Property } from "./manifest.ts";
import {
  after,
  encryptedValue,
  first,
  known,
  member,
  objectId,
  publicValue,
  writeOnlyMember,
} from "./samples-for-tests.ts";

const start = known(first);
const to = (changes: Partial<Manifest>, before = start) =>
  differences(before.manifest, after(before, changes).manifest);
const members = (...some: [string, Member][]) => new Map([...first.members, ...some]);
const waiting = (access: Access): Member => ({ access, keys: new Map() });
const properties = (...some: [string, Property][]) => new Map([...first.properties, ...some]);

describe("what a revision changed", () => {
  test("the first: it was created, with its members and values", () => {
    expect(differences(null, first)).toEqual([
      { what: "created" },
      { what: "allowed", user: "alex", access: "write" },
      { what: "allowed", user: "joe", access: "read" },
      { what: "set", property: "ip-address", now: publicValue("10.1.2.3", 1), before: null },
      { what: "set", property: "password", now: encryptedValue("hunter2", 1), before: null },
    ]);
  });

  const ip = publicValue("10.1.2.3", 1);
  const secret = encryptedValue("hunter2", 1);
  const cases: [string, Partial<Manifest>, Difference[]][] = [
    ["nothing", {}, []],
    ["the name", { object: { id: objectId, name: "x" } }, [{ what: "renamed", from: "walter.example.com" }]],
    ["deletion", { deleted: true }, [{ what: "deleted" }]],
    [
      "a newcomer, who may read",
      { members: members(["ann", member("read", "3")]) },
      [{ what: "allowed", user: "ann", access: "read" }],
    ],
    [
      "another access, with other keys too",
      { members: members(["joe", member("write", "4")]) },
      [{ what: "access", user: "joe", from: "read", to: "write" }],
    ],
    ["other keys", { members: members(["alex", writeOnlyMember("1")]) }, [{ what: "keys", user: "alex" }]],
    [
      "a member who waits for a key",
      { members: members(["alex", waiting("write")]) },
      [{ what: "keys", user: "alex", pending: true }],
    ],
    [
      "one who does so with another access",
      { members: members(["joe", waiting("write")]) },
      [{ what: "access", user: "joe", from: "read", to: "write", pending: true }],
    ],
    [
      "a newcomer without a key",
      { members: members(["ann", waiting("read")]) },
      [{ what: "allowed", user: "ann", access: "read", pending: true }],
    ],
    [
      "a member that goes",
      { members: new Map([["alex", member("write", "1")]]) },
      [{ what: "revoked", user: "joe" }],
    ],
    [
      "a value set anew, to the same",
      { properties: properties(["ip-address", publicValue("10.1.2.3", 2)]) },
      [{ what: "set", property: "ip-address", now: publicValue("10.1.2.3", 2), before: ip }],
    ],
    [
      "a secret that turned public",
      { properties: properties(["password", publicValue("hunter2", 2)]) },
      [{ what: "set", property: "password", now: publicValue("hunter2", 2), before: secret }],
    ],
    [
      "properties that go",
      { properties: new Map() },
      [
        { what: "dropped", property: "ip-address", before: ip },
        { what: "dropped", property: "password", before: secret },
      ],
    ],
  ];
  test.each(cases)("%s", (_, changes, expected) => expect(to(changes)).toEqual(expected));

  test("who waited is let in, with another access or the same", () => {
    const before = after(start, { members: members(["joe", waiting("read")]) });
    expect(to({ members: members(["joe", member("read", "2")]) }, before)).toEqual([
      { what: "keys", user: "joe", pending: false },
    ]);
    expect(to({ members: members(["joe", member("write", "2")]) }, before)).toEqual([
      { what: "access", user: "joe", from: "read", to: "write", pending: false },
    ]);
    expect(to({ members: members(["joe", waiting("write")]) }, before)).toEqual([
      { what: "access", user: "joe", from: "read", to: "write" },
    ]);
  });

  test("a value that comes back, from before another or from before it was dropped", () => {
    const [ip1, ip2] = [publicValue("10.1.2.3", 1), publicValue("10.9.9.9", 2)];
    const second = after(start, { properties: properties(["ip-address", ip2]) });
    expect(to({ properties: first.properties }, second)).toEqual([
      { what: "restored", property: "ip-address", now: ip1, before: ip2 },
    ]);
    const dropped = after(start, { properties: new Map() });
    expect(to({ properties: new Map([["ip-address", ip1]]) }, dropped)).toEqual([
      { what: "restored", property: "ip-address", now: ip1, before: null },
    ]);
  });

  test("a deletion that is taken back, with who came and went meanwhile", () => {
    const deleted = after(start, { deleted: true });
    const again = { deleted: false, members: new Map([["joe", member("write", "2")]]) };
    expect(to(again, deleted)).toEqual([
      { what: "undeleted" },
      { what: "access", user: "joe", from: "read", to: "write" },
      { what: "revoked", user: "alex" },
    ]);
  });
});

describe("of any two revisions", () => {
  const anyAccess = fc.constantFrom<Access>("read", "write");
  const anyMember = fc
    .tuple(anyAccess, fc.constantFrom("1", "2", "3"))
    .map(([access, digit]) => member(access, digit));
  const anyText = fc.constantFrom("a", "b");
  const anyProperty = fc
    .tuple(anyText, fc.constantFrom(1, 2), fc.boolean())
    .map(([text, revision, isPublic]) => (isPublic ? publicValue : encryptedValue)(text, revision));
  const mapOf = <T>(value: fc.Arbitrary<T>) =>
    fc
      .array(fc.tuple(fc.constantFrom("a", "b", "__proto__", "constructor"), value), { maxLength: 5 })
      .map((all) => new Map(all));
  const anyManifest = (revision: number): fc.Arbitrary<Manifest> =>
    fc
      .record({
        members: mapOf(anyMember),
        properties: mapOf(anyProperty),
        deleted: fc.boolean(),
        name: fc.constantFrom("x", "y"),
      })
      .map(({ name, ...rest }) => ({ ...first, ...rest, revision, object: { id: objectId, name } }));

  /** What comes of a revision by its differences alone; of members, their access. */
  function made(before: Manifest, found: readonly Difference[], next: Manifest) {
    const access = new Map([...before.members].map(([user, one]) => [user, one.access]));
    const values = new Map(before.properties);
    let { deleted } = before;
    let name = before.object.name;
    for (const one of found) {
      if (one.what === "allowed") access.set(one.user, one.access);
      if (one.what === "access" && access.get(one.user) === one.from) access.set(one.user, one.to);
      if (one.what === "revoked") access.delete(one.user);
      if (one.what === "set" || one.what === "restored") values.set(one.property, one.now);
      if (one.what === "dropped") values.delete(one.property);
      if (one.what === "deleted" || one.what === "undeleted") deleted = one.what === "deleted";
      if (one.what === "renamed" && name === one.from) name = next.object.name;
    }
    return { access, values, deleted, name };
  }

  test("the differences are all that there is: they make the one of the other", () => {
    fc.assert(
      fc.property(anyManifest(2), anyManifest(3), (before, next) => {
        const found = differences(before, next);
        expect(made(before, found, next)).toEqual({
          access: new Map([...next.members].map(([user, one]) => [user, one.access])),
          values: new Map(next.properties),
          deleted: next.deleted,
          name: next.object.name,
        });
      }),
    );
  });

  test("nothing is told twice, nor that did not change", () => {
    fc.assert(
      fc.property(anyManifest(2), anyManifest(3), (before, next) => {
        const found = differences(before, next);
        const about = found.map((one) =>
          "user" in one ? `+${one.user}` : "property" in one ? one.property : "",
        );
        const named = about.filter((text) => text !== "");
        expect(new Set(named).size).toBe(named.length);
        for (const one of found) {
          if (one.what === "keys")
            expect(before.members.get(one.user)).not.toEqual(next.members.get(one.user));
          if ((one.what === "set" || one.what === "restored") && one.before !== null)
            expect(sameProperty(one.before, one.now)).toBe(false);
        }
        expect(differences(next, { ...next, revision: 4 })).toEqual([]);
      }),
    );
  });

  test("keys are told of where they alone changed", () => {
    fc.assert(
      fc.property(anyManifest(2), anyManifest(3), (before, next) => {
        const told = differences(before, next).flatMap((one) => (one.what === "keys" ? [one.user] : []));
        const changed = [...next.members].flatMap(([user, { access, keys }]) => {
          const old = before.members.get(user);
          return old?.access === access && !Bun.deepEquals(old.keys, keys) ? [user] : [];
        });
        expect(told).toEqual(changed);
      }),
    );
  });

  test("a first revision brings all that it has", () => {
    fc.assert(
      fc.property(anyManifest(1), (manifest) => {
        const found = differences(null, manifest);
        expect(found[0]).toEqual({ what: "created" });
        const count = manifest.members.size + manifest.properties.size + (manifest.deleted ? 1 : 0);
        expect(found).toHaveLength(1 + count);
      }),
    );
  });
});
