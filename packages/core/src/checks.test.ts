import { describe, expect, test } from "bun:test";
import {
  checkAtFirstSight,
  checkChain,
  checkIsAsked,
  checkNotOlder,
  faultOfFirst,
  faultOfNext,
  isByFullWriter,
  type Known,
} from "./checks.ts";
import type { Manifest, Member, Property } from "./manifest.ts";
import {
  after,
  encryptedValue,
  first,
  key,
  known,
  member,
  objectId,
  problemOf,
  publicValue,
  storeId,
  writeOnlyMember,
} from "./samples-for-tests.ts";

const by = (user: string, digit: string): Manifest["author"] => ({ user, key: key(digit) });
const members = (...some: [string, Member][]) => new Map(some);

/** alex writes (1…), joe reads (2…), and web1 sets its own password with a write-only key (3…). */
const team = members(
  ["alex", member("write", "1")],
  ["joe", member("read", "2")],
  ["web1", writeOnlyMember("3")],
);
const start = known({ ...first, members: team });
const withMallory = new Map([...team, ["mallory", member("write", "6")]]);

const fault = (changes: Partial<Manifest>, before = start) =>
  faultOfNext(before, after(before, changes).manifest);

describe("the first revision", () => {
  test("is in order", () => expect(faultOfFirst(start.manifest)).toBeNull());

  test("may be by a write-only key that is listed", () => {
    expect(faultOfFirst({ ...start.manifest, author: by("web1", "3") })).toBeNull();
  });

  const cases: [string, Partial<Manifest>, string][] = [
    ["is not the first", { revision: 2, previous: start.digest }, "is not the first revision"],
    ["is by somebody who is no member", { author: by("mallory", "6") }, "mallory, who is no writer"],
    ["is by a reader", { author: by("joe", "2") }, "joe, who is no writer"],
    ["is by another key of a writer", { author: by("alex", "6") }, "alex, who is no writer"],
    ["is by another member's key", { author: by("alex", "3") }, "alex, who is no writer"],
    [
      "holds a value from before",
      { properties: new Map([["x", publicValue("x", 0)]]) },
      "has a 'x' from before the first revision",
    ],
  ];
  test.each(cases)("is refused when it %s", (_, changes, why) => {
    expect(faultOfFirst({ ...start.manifest, ...changes })).toContain(why);
  });
});

describe("a next revision is in order", () => {
  const set = (name: string, property: Property) => new Map([...start.manifest.properties, [name, property]]);
  const cases: [string, Partial<Manifest>][] = [
    ["when nothing changes", {}],
    ["when a property is new", { properties: set("x", publicValue("x", 2)) }],
    ["when a property is set again", { properties: set("password", encryptedValue("new", 2)) }],
    ["when a property turns public", { properties: set("password", publicValue("hunter2", 2)) }],
    ["when properties go", { properties: new Map() }],
    ["when a member comes", { members: withMallory }],
    ["when members go, the author among them", { members: members(["joe", member("write", "2")]) }],
    ["when it takes another name", { object: { id: objectId, name: "walter2" } }],
    ["when it is deleted", { deleted: true }],
    [
      "when a write-only key sets a value",
      { author: by("web1", "3"), properties: set("password", encryptedValue("n", 2)) },
    ],
    ["when a write-only key drops a value", { author: by("web1", "3"), properties: new Map() }],
    ["when its clock runs behind", { time: "1999-01-01T00:00:00Z" }],
  ];
  test.each(cases)("%s", (_, changes) => expect(fault(changes)).toBeNull());

  test("when a value that was there before is brought back as it was", () => {
    const second = after(start, { properties: set("password", encryptedValue("new", 2)) });
    expect(fault({ properties: start.manifest.properties }, second)).toBeNull();
    const third = after(second, { properties: new Map() });
    expect(fault({ properties: start.manifest.properties }, third)).toBeNull();
  });

  test("when what was deleted comes back", () => {
    expect(fault({ deleted: false }, after(start, { deleted: true }))).toBeNull();
  });
});

describe("a next revision is refused", () => {
  const cases: [string, Partial<Manifest>, string][] = [
    ["of another store", { store: crypto.randomUUID() }, "belongs to another object"],
    [
      "of another object",
      { object: { id: crypto.randomUUID(), name: first.object.name } },
      "belongs to another object",
    ],
    ["that skips one", { revision: 3 }, "has revision 3 behind revision 1"],
    ["that follows another", { previous: "0".repeat(64) }, "does not continue the revision before it"],
    [
      "by somebody who is no member",
      { author: by("mallory", "6") },
      "mallory with a key that had no write access",
    ],
    [
      "by somebody whom it makes a writer itself",
      { author: by("mallory", "6"), members: withMallory },
      "mallory with a key that had no write access",
    ],
    ["by a reader", { author: by("joe", "2") }, "joe with a key that had no write access"],
    [
      "by a reader who makes themself a writer",
      { author: by("joe", "2"), members: new Map([...team, ["joe", member("write", "2")]]) },
      "joe with a key that had no write access",
    ],
    [
      "by a key of the author that is not listed",
      { author: by("alex", "6") },
      "alex with a key that had no write access",
    ],
    [
      "by a key of the author that it lists itself",
      { author: by("alex", "6"), members: new Map([...team, ["alex", member("write", "6")]]) },
      "alex with a key that had no write access",
    ],
    ["by the key of another writer", { author: by("alex", "3") }, "alex with a key that had no write access"],
  ];
  test.each(cases)("%s", (_, changes, why) => {
    const { manifest } = after(start);
    expect(faultOfNext(start, { ...manifest, ...changes })).toContain(why);
  });

  test("that does not go on: the same again, or an older one", () => {
    const second = after(start);
    expect(faultOfNext(second, second.manifest)).toContain("revision 2 behind revision 2");
    expect(faultOfNext(second, start.manifest)).toContain("revision 1 behind revision 2");
  });

  test("by an author who was revoked", () => {
    const revoked = after(start, { members: members(["joe", member("write", "2")]) });
    expect(fault({ author: by("alex", "1") }, revoked)).toContain("alex with a key that had no write access");
    expect(fault({ author: by("joe", "2") }, revoked)).toBeNull();
  });

  test("by a writer whose access became read", () => {
    const demoted = after(start, {
      members: members(["alex", member("read", "1")], ["joe", member("write", "2")]),
    });
    expect(fault({ author: by("alex", "1") }, demoted)).toContain("no write access");
  });

  test("by a key that was taken from its author's", () => {
    const renewed = after(start, { members: new Map([...team, ["alex", member("write", "7")]]) });
    expect(fault({ author: by("alex", "1") }, renewed)).toContain("no write access");
    expect(fault({ author: by("alex", "7") }, renewed)).toBeNull();
  });

  const entry = start.manifest.properties.get("password") as Extract<Property, { kind: "encrypted" }>;
  const changed: [string, Property][] = [
    ["digest", { ...entry, digest: "0".repeat(64) }],
    ["size", { ...entry, size: 512 }],
    ["commitment", { ...entry, commitment: "0".repeat(64) }],
    ["kind", { kind: "public", digest: entry.digest, size: entry.size, revision: entry.revision }],
  ];
  test.each(changed)("when the %s of a value changes without a revision of its own", (_, property) => {
    const properties = new Map([...start.manifest.properties, ["password", property]]);
    expect(fault({ properties })).toBe("changes 'password' without a revision of its own");
    expect(fault({ properties: new Map([["password", { ...property, revision: 2 }]]) })).toBeNull();
  });
});

test("a public value that turns encrypted is another one, though its bytes are the same", () => {
  const old = start.manifest.properties.get("ip-address") as Property;
  const sealed: Property = { ...old, kind: "encrypted", commitment: "0".repeat(64) };
  expect(fault({ properties: new Map([["ip-address", sealed]]) })).toBe(
    "changes 'ip-address' without a revision of its own",
  );
});

describe("a write-only key", () => {
  const wrong: [string, Partial<Manifest>][] = [
    ["lets somebody in", { members: withMallory }],
    [
      "shuts somebody out",
      { members: members(["alex", member("write", "1")], ["web1", writeOnlyMember("3")]) },
    ],
    [
      "exchanges a member for another",
      { members: new Map([...team].map(([u, m]) => [u === "joe" ? "mallory" : u, m])) },
    ],
    ["makes a reader a writer", { members: new Map([...team, ["joe", member("write", "2")]]) }],
    ["gives a member another key", { members: new Map([...team, ["joe", member("read", "6")]]) }],
    [
      "gives a member one more key",
      {
        members: new Map([
          ...team,
          [
            "joe",
            {
              access: "read",
              keys: new Map([
                [key("2"), key("2")],
                [key("6"), key("6")],
              ]),
            },
          ],
        ]),
      },
    ],
    ["takes a member's key", { members: new Map([...team, ["joe", { access: "read", keys: new Map() }]]) }],
    [
      "turns a member to another subkey",
      { members: new Map([...team, ["joe", { access: "read", keys: new Map([[key("2"), key("6")]]) }]]) },
    ],
    ["lets itself read", { members: new Map([...team, ["web1", member("write", "3")]]) }],
    [
      "keeps somebody else from reading",
      { members: new Map([...team, ["joe", { access: "read", keys: new Map([[key("2"), null]]) }]]) },
    ],
    ["renames", { object: { id: objectId, name: "walter2" } }],
    ["deletes", { deleted: true }],
  ];
  test.each(wrong)("is refused when it %s, where a full key may", (_, changes) => {
    expect(fault({ ...changes, author: by("web1", "3") })).toContain(
      "may not change members, name or deletion",
    );
    expect(fault(changes)).toBeNull();
  });

  test("is refused when it brings back what was deleted", () => {
    const deleted = after(start, { deleted: true });
    expect(fault({ deleted: false, author: by("web1", "3") }, deleted)).toContain("may not change");
  });
});

/** The sentence with which a check calls the server untrusted. */
function distrust(act: () => unknown): string {
  const { code, message } = problemOf(act);
  expect(code).toBe("untrusted-server");
  expect(message).toEndWith("; nothing of it was used, ask who runs the server");
  return message;
}

describe("what was asked for", () => {
  const asked = { store: storeId, name: "walter.example.com" };

  test("is what came", () => {
    expect(() => checkIsAsked(start.manifest, asked)).not.toThrow();
  });

  test("is not another store's or another name's", () => {
    const other = crypto.randomUUID();
    expect(distrust(() => checkIsAsked(start.manifest, { ...asked, store: other }))).toContain(
      "of another store",
    );
    expect(distrust(() => checkIsAsked(start.manifest, { ...asked, name: "Walter.example.com" }))).toContain(
      "gave the machine 'walter.example.com' where 'Walter.example.com' was asked for",
    );
  });

  test("is not a deleted one: its values would pass for living ones, and a write would bring it back", () => {
    const deleted = after(start, { deleted: true });
    expect(distrust(() => checkIsAsked(deleted.manifest, asked))).toContain("when alex deleted it");
  });
});

describe("against what this client has seen", () => {
  const second = after(start);
  const third = after(second);

  test("the same and a newer one pass", () => {
    expect(() => checkNotOlder(second, second)).not.toThrow();
    expect(() => checkNotOlder(second, third)).not.toThrow();
  });

  test("an older one, and another one of the same number, do not", () => {
    expect(distrust(() => checkNotOlder(third, second))).toContain(
      "gave revision 2 of 'walter.example.com', but this client has already seen revision 3",
    );
    expect(distrust(() => checkNotOlder(second, after(start, { deleted: true })))).toContain(
      "revision 2 of 'walter.example.com' that differs",
    );
  });
});

describe("a chain", () => {
  /** Revisions behind the start, each by somebody and with some changes. */
  function chain(from: Known, ...steps: Partial<Manifest>[]): Known[] {
    const found: Known[] = [];
    for (const step of steps) found.push(after(found.at(-1) ?? from, step));
    return found;
  }
  /** The numbers of the revisions whose signatures must be verified. */
  const toVerify = (remembered: Known, revisions: readonly Known[]) =>
    checkChain(remembered, revisions).map(({ manifest }) => manifest.revision);

  const alex = by("alex", "1");
  const web1 = by("web1", "3");
  const mallory = by("mallory", "6");

  test("by writers who were such before wants the newest signature only", () => {
    expect(toVerify(start, chain(start, {}))).toEqual([2]);
    expect(toVerify(start, chain(start, {}, {}, {}))).toEqual([4]);
    expect(toVerify(start, chain(start, { members: withMallory }, {}, {}))).toEqual([4]);
  });

  test("whose newest is by a newcomer wants the signature of the revision that let them in", () => {
    // Else the server lets anybody in, in the name of a writer, and the newcomer's own signature is a true one.
    const revisions = chain(start, { members: withMallory }, {}, { author: mallory });
    expect(toVerify(start, revisions)).toEqual([2, 4]);
  });

  test("of newcomers who let in newcomers wants the signature of each who did", () => {
    const withNora = new Map([...withMallory, ["nora", member("write", "7")]]);
    const revisions = chain(
      start,
      {},
      { members: withMallory },
      { author: mallory, members: withNora },
      { author: by("nora", "7") },
      { author: by("nora", "7") },
    );
    expect(toVerify(start, revisions)).toEqual([3, 4, 6]);
  });

  test("on which a remembered writer set their signature later wants nothing below it", () => {
    const revisions = chain(start, { members: withMallory }, { author: mallory }, { author: alex }, {});
    expect(toVerify(start, revisions)).toEqual([5]);
    const revoked = chain(
      start,
      { members: withMallory },
      { members: team },
      { members: withMallory },
      { author: mallory },
    );
    expect(toVerify(start, revoked)).toEqual([4, 5]);
  });

  test("whose newest is by a write-only key wants the signature of what that key could not have done", () => {
    // Else a stolen host key and the server together let anybody in, in the name of a writer.
    expect(
      toVerify(start, chain(start, { members: withMallory }, { author: web1, members: withMallory })),
    ).toEqual([2, 3]);
    expect(
      toVerify(start, chain(start, { object: { id: objectId, name: "x" } }, {}, { author: web1 })),
    ).toEqual([2, 4]);
    expect(toVerify(start, chain(start, { deleted: true }, { author: web1 }))).toEqual([2, 3]);
    expect(toVerify(start, chain(start, {}, { author: web1 }))).toEqual([3]);
  });

  test("on which a key signed that was made write-only meanwhile wants the signature of that too", () => {
    const demoted = new Map([...team, ["alex", writeOnlyMember("1")], ["joe", member("write", "2")]]);
    const revisions = chain(start, { members: demoted }, { author: alex });
    expect(toVerify(start, revisions)).toEqual([2, 3]);
  });

  test("on which a key signed that was write-only before wants the signature of who gave it more", () => {
    const promoted = new Map([...team, ["web1", member("write", "3")]]);
    expect(
      toVerify(start, chain(start, { members: promoted }, { author: web1, members: withMallory })),
    ).toEqual([2, 3]);
  });

  test("answers the very revisions it was given, in order", () => {
    const revisions = chain(start, { members: withMallory }, { author: mallory });
    expect(checkChain(start, revisions)).toEqual(revisions);
    expect(checkChain(start, revisions)[1]).toBe(revisions[1] as Known);
  });

  test("is refused at any link that does not hold", () => {
    const good = chain(start, {}, {}, {});
    expect(toVerify(start, good)).toEqual([4]);
    const [two, three, four] = good as [Known, Known, Known];
    expect(distrust(() => checkChain(start, [three, four]))).toContain("has revision 3 behind revision 1");
    expect(distrust(() => checkChain(start, [two, four]))).toContain("has revision 4 behind revision 2");
    expect(distrust(() => checkChain(start, [two, two]))).toContain("has revision 2 behind revision 2");
    const other = after(start, { deleted: true });
    expect(distrust(() => checkChain(start, [other, three]))).toContain(
      "revision 3 of 'walter.example.com' does not continue the revision before it",
    );
    expect(distrust(() => checkChain(start, chain(start, {}, { author: mallory }, {})))).toContain(
      "revision 3 of 'walter.example.com' was made by mallory with a key that had no write access before",
    );
    expect(
      distrust(() =>
        checkChain(start, chain(start, { author: web1, members: withMallory }, { author: alex })),
      ),
    ).toContain("made with a write-only key of web1");
  });

  test("is refused when it continues another revision than the one remembered", () => {
    const other = known({ ...start.manifest, time: "2026-03-01T12:00:01Z" });
    expect(distrust(() => checkChain(other, chain(start, {})))).toContain("does not continue");
  });
});

describe("at first sight", () => {
  test("a revision 1 is checked as such", () => {
    expect(() => checkAtFirstSight(start.manifest)).not.toThrow();
    expect(distrust(() => checkAtFirstSight({ ...start.manifest, author: by("joe", "2") }))).toContain(
      "revision 1 of 'walter.example.com' was made by joe, who is no writer in it",
    );
  });

  test("a later one cannot be", () => {
    expect(() => checkAtFirstSight({ ...after(start).manifest, author: by("alex", "1") })).not.toThrow();
  });

  test("whoever lacks a right in what they signed does not vouch for it alone", () => {
    const team = members(
      ["alex", member("write", "1")],
      ["joe", member("read", "2")],
      ["web1", writeOnlyMember("3")],
    );
    const isBy = (user: string, digit: string) =>
      isByFullWriter({ ...start.manifest, members: team, author: by(user, digit) });
    expect(isBy("alex", "1")).toBe(true);
    for (const [user, digit] of [
      ["joe", "2"],
      ["web1", "3"],
      // Nobody's key, another's key, and nobody.
      ["alex", "6"],
      ["alex", "2"],
      ["mallory", "1"],
    ] as const)
      expect({ user, digit, is: isBy(user, digit) }).toEqual({ user, digit, is: false });
  });
});
