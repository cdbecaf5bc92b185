import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { digestOf } from "./digest.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { maxValueSize } from "./limits.ts";
import {
  encodeManifest,
  type Manifest,
  type Member,
  maxManifestSize,
  type Property,
  parseManifest,
} from "./manifest.ts";
import { Problem } from "./problem.ts";
import { anyName, first, key, problemOf } from "./samples-for-tests.ts";

const hexDigits = (count: number) =>
  fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: count, maxLength: count });
const anyUuid = fc.uuid({ version: 4 });
const anyFingerprint: fc.Arbitrary<Fingerprint> = fc.oneof(
  hexDigits(40).map((digits): Fingerprint => `openpgp:${digits.toUpperCase()}`),
  hexDigits(43).map((text): Fingerprint => `ssh:SHA256:${text}`),
);
const anyUser = fc.oneof(
  fc.constantFrom("__proto__", "constructor", "0", "10", "9", "toString"),
  fc.stringMatching(/^[A-Za-z0-9._@][A-Za-z0-9._@-]{0,149}$/),
);
/** A key with what is wrapped to: nothing, an OpenPGP key's (sub)key, or an SSH key itself. */
const anyKey = fc
  .tuple(anyFingerprint, hexDigits(40), fc.boolean())
  .map(([key, subkey, isWriteOnly]): [Fingerprint, Fingerprint | null] => {
    const part: Fingerprint = key.startsWith("openpgp:") ? `openpgp:${subkey.toUpperCase()}` : key;
    return [key, isWriteOnly ? null : part];
  });
const anyMember: fc.Arbitrary<Member> = fc.record({
  access: fc.constantFrom("read", "write"),
  keys: fc.array(anyKey, { maxLength: 3 }).map((keys) => new Map(keys)),
});
/** Members none of whom has a key of another. */
const anyMembers = fc
  .array(fc.tuple(anyUser, anyMember), { minLength: 1, maxLength: 4 })
  .map((all) => new Map(all))
  .filter((members) => {
    const keys = [...members.values()].flatMap((member) => [...member.keys.keys()]);
    return new Set(keys).size === keys.length;
  });
const anyProperty = (revision: number): fc.Arbitrary<Property> => {
  const base = {
    digest: hexDigits(64),
    size: fc.nat({ max: maxValueSize }),
    revision: fc.integer({ min: 1, max: revision }),
  };
  return fc.oneof(
    fc.record({ kind: fc.constant("public"), ...base }),
    fc.record({ kind: fc.constant("encrypted"), ...base, commitment: hexDigits(64) }),
  );
};
const anyManifest: fc.Arbitrary<Manifest> = fc
  .oneof(fc.constant(1), fc.integer({ min: 2, max: Number.MAX_SAFE_INTEGER }))
  .chain((revision) =>
    fc.record({
      store: anyUuid,
      object: fc.record({ id: anyUuid, name: anyName.map((name) => `m${name}`.slice(0, 255)) }),
      revision: fc.constant(revision),
      previous: revision === 1 ? fc.constant(null) : hexDigits(64),
      author: fc.record({ user: anyUser, key: anyFingerprint }),
      time: fc
        .date({ min: new Date(0), max: new Date("9999-12-31T23:59:59Z"), noInvalidDate: true })
        .map((date) => `${date.toISOString().slice(0, 19)}Z`),
      members: anyMembers,
      properties: fc
        .array(
          fc.tuple(
            anyName.map((name) => name.toLowerCase()),
            anyProperty(revision),
          ),
          { maxLength: 5 },
        )
        .map((all) => new Map(all)),
      deleted: fc.boolean(),
    }),
  );

const text = encodeManifest(first);

/** The manifest's text with one part of it replaced, which must be there once. */
function bent(from: string, to: string): string {
  expect(text.split(from)).toHaveLength(2);
  return text.replace(from, () => to);
}

describe("a manifest", () => {
  test("comes back from its text as it was", () => {
    fc.assert(
      fc.property(anyManifest, (manifest) => {
        const written = encodeManifest(manifest);
        expect(parseManifest(written)).toEqual(manifest);
        expect(encodeManifest(parseManifest(written))).toBe(written);
        // It is all ASCII, so its characters are its bytes.
        expect(written).toMatch(/^[\x20-\x7e]+$/);
      }),
      { numRuns: 500 },
    );
  });

  test("lists members, keys and properties by name, whatever the names and the order they came in", () => {
    const names = ["10", "9", "__proto__", "constructor", "tojson", "a/b", "-", "zz"];
    const property: Property = { kind: "public", digest: digestOf(""), size: 0, revision: 1 };
    const inOrder = (order: readonly string[]) =>
      encodeManifest({
        ...first,
        members: new Map(
          order.map((name) => [`u${name}`.replace("/", ""), { access: "read", keys: new Map() }]),
        ),
        properties: new Map(order.map((name) => [name, property])),
      });
    const written = inOrder(names);
    expect(inOrder(names.toReversed())).toBe(written);
    const read = parseManifest(written);
    expect([...read.properties.keys()]).toEqual([
      "-",
      "10",
      "9",
      "__proto__",
      "a/b",
      "constructor",
      "tojson",
      "zz",
    ]);
    expect([...read.members.keys()].slice(0, 3)).toEqual(["u-", "u10", "u9"]);
  });

  test("is written in these very bytes", () => {
    expect(text).toBe(
      `{"format":"pstore manifest 1","store":"4b2a7c1e-90d3-4f6a-8e15-2c7d90ab34ef","object":{"id":"0f8e6d5c-1b2a-4c3d-9e8f-7a6b5c4d3e2f","name":"walter.example.com"},"revision":1,"previous":null,"author":{"user":"alex","key":"openpgp:1111111111111111111111111111111111111111"},"time":"2026-03-01T12:00:00Z","members":{"alex":{"access":"write","keys":{"openpgp:1111111111111111111111111111111111111111":"openpgp:1111111111111111111111111111111111111111"}},"joe":{"access":"read","keys":{"openpgp:2222222222222222222222222222222222222222":"openpgp:2222222222222222222222222222222222222222"}}},"properties":{"ip-address":{"kind":"public","digest":"${digestOf("10.1.2.3")}","size":8,"revision":1},"password":{"kind":"encrypted","digest":"${digestOf("hunter2")}","size":256,"revision":1,"commitment":"${digestOf("key of hunter2")}"}}}`,
    );
    expect(digestOf(text)).toBe("bc9a80123b1676567b90b630fb05cca3a0a31078611d1a363f0c2a27961477bf");
    expect(digestOf(encodeManifest({ ...first, deleted: true }))).toBe(
      "0d6d080e4b013baa067124860f0df3faaefdc4440a8e604084dd113e7e4a95f7",
    );
  });

  test("is read whatever the white space and the order of its members, which its digest covers", () => {
    const spread = JSON.stringify(JSON.parse(text), null, 2);
    const turned = JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text)).toReversed()));
    for (const other of [spread, turned]) {
      expect(parseManifest(other)).toEqual(first);
      expect(digestOf(other)).not.toBe(digestOf(text));
    }
  });
});

describe("refused as a manifest is", () => {
  const members = [
    "format",
    "store",
    "object",
    "revision",
    "previous",
    "author",
    "time",
    "members",
    "properties",
  ] as const;

  test.each(members)("one without its %s", (name) => {
    const { [name]: _, ...rest } = JSON.parse(text);
    expect(problemOf(() => parseManifest(JSON.stringify(rest)))).toMatchObject({
      code: "bad-manifest",
      message: expect.stringContaining(`lacks '${name}'`),
    });
  });

  test.each(members)("one with its %s twice", (name) => {
    const again = `{${JSON.stringify(name)}:${JSON.stringify(JSON.parse(text)[name])},${text.slice(1)}`;
    expect(problemOf(() => parseManifest(again)).message).toContain("twice");
  });

  test.each(members)("one whose %s is of another type", (name) => {
    for (const value of [null, true, 0, "", "x", [], ["x"], {}, { x: 1 }]) {
      if (name === "previous" && value === null) continue;
      if (name === "properties" && JSON.stringify(value) === "{}") continue;
      const other = JSON.stringify({ ...JSON.parse(text), [name]: value });
      expect(problemOf(() => parseManifest(other)).code).toBe("bad-manifest");
    }
  });

  const cases: [string, string, string, RegExp][] = [
    ["of another format", "pstore manifest 1", "pstore manifest 2", /a newer pstore may be needed/],
    ["with an unknown member", '"time"', '"x":1,"time"', /unknown "x" in itself/],
    ["with an unknown __proto__", '"time"', '"__proto__":1,"time"', /unknown "__proto__"/],
    ["with an unknown member of its object", '"name":', '"x":1,"name":', /unknown "x" in object/],
    ["with an unknown member of its author", '"user":', '"x":1,"user":', /unknown "x" in author/],
    [
      "with an unknown member of a member",
      '"access":"read"',
      '"access":"read","x":1',
      /unknown "x" in members of 'joe'/,
    ],
    [
      "with an unknown member of a property",
      '"size":8',
      '"size":8,"x":1',
      /unknown "x" in properties of 'ip-address'/,
    ],
    ["with a user twice", '"joe":', '"alex":', /names "alex" twice/],
    ["with a user twice, spelled otherwise", '"joe":', '"\\u0061lex":', /names "alex" twice/],
    ["with a property twice", '"ip-address":', '"password":', /names "password" twice/],
    ["with an id in capitals", "4b2a7c1e", "4B2A7C1E", /no UUID in store/],
    ["with an id that is not random", "-4c3d-", "-1c3d-", /no UUID in object.id/],
    ["with a bare fingerprint", '"key":"openpgp:', '"key":"', /no key fingerprint in author.key/],
    [
      "with a fingerprint in small letters",
      '"key":"openpgp:1',
      '"key":"openpgp:a',
      /no key fingerprint in author.key/,
    ],
    ["with a long fingerprint", '"key":"openpgp:', '"key":"openpgp:0', /no key fingerprint in author.key/],
    ["with a key that is none", `{"${key("2")}"`, '{"2222"', /no key fingerprint in members of 'joe'.keys/],
    ["wrapped to what is no key", `:"${key("2")}"`, ':""', /no key fingerprint in members of 'joe'.keys/],
    ["wrapped to false", `:"${key("2")}"`, ":false", /no key fingerprint in members of 'joe'.keys/],
    ["with an unknown access", '"read"', '"admin"', /unknown access in members of 'joe'/],
    [
      "without members",
      text.slice(text.indexOf('"members":'), text.indexOf(',"properties"')),
      '"members":{}',
      /has no members/,
    ],
    ["with an unknown kind", '"public"', '"secret"', /unknown kind in properties of 'ip-address'/],
    ["with a public value that has a commitment", '"public"', '"encrypted"', /lacks 'commitment'/],
    ["with an encrypted value without one", '"encrypted"', '"public"', /unknown "commitment"/],
    ["with a size over 1 TiB", '"size":8', '"size":1099511627777', /no size of a value/],
    ["wrapped to a key of another type", `:"${key("2")}"`, `:"ssh:SHA256:${"A".repeat(43)}"`, /foreign key/],
    ["with one key for two users", `{"${key("2")}":`, `{"${key("1")}":`, /one key for both alex and joe/],
    [
      "with a size in quotes",
      '"size":8',
      '"size":"8"',
      /no size of a value in properties of 'ip-address'.size/,
    ],
    ["with a negative size", '"size":8', '"size":-8', /whole numbers/],
    ["with a size of a float", '"size":8', '"size":8.0', /whole numbers/],
    ["with a value of revision 0", '"size":8,"revision":1', '"size":8,"revision":0', /no positive number/],
    ["with a value still to come", '"size":8,"revision":1', '"size":8,"revision":2', /still to come/],
    [
      "with revision 0",
      '"revision":1,"previous"',
      '"revision":0,"previous"',
      /no positive number in revision/,
    ],
    [
      "of revision 2 without a previous",
      '"revision":1,"previous"',
      '"revision":2,"previous"',
      /'previous' that fits/,
    ],
    [
      "of revision 1 with a previous",
      '"previous":null',
      `"previous":"${"a".repeat(64)}"`,
      /'previous' that fits/,
    ],
    [
      "with a previous in capitals",
      '"previous":null',
      `"previous":"${"A".repeat(64)}"`,
      /no SHA-256 digest in previous/,
    ],
    [
      "with a digest cut short",
      digestOf("10.1.2.3"),
      digestOf("10.1.2.3").slice(1),
      /no SHA-256 digest in properties/,
    ],
    ["with a local time", "12:00:00Z", "12:00:00+01:00", /no time in 'time'/],
    ["with a time of parts of seconds", "12:00:00Z", "12:00:00.5Z", /no time in 'time'/],
    ["with a deleted of false", '"time"', '"deleted":false,"time"', /'deleted' other than true/],
    ["with a deleted of null", '"time"', '"deleted":null,"time"', /'deleted' other than true/],
    ["with a property in capitals", '"ip-address"', '"IP-address"', /not lower-case/],
  ];
  test.each(cases)("one %s", (_, from, to, why) => {
    const { code, message } = problemOf(() => parseManifest(bent(from, to)));
    expect(code).toBe("bad-manifest");
    expect(message).toMatch(why);
  });

  test.each([
    ["a machine name with a leading +", '"walter.example.com"', '"+walter"'],
    ["a machine name that is empty", '"walter.example.com"', '""'],
    ["a machine name over 255 characters", '"walter.example.com"', `"${"x".repeat(256)}"`],
    ["a machine name with an escaped line feed", '"walter.example.com"', '"walter\\n"'],
    ["a user name with a space", '"joe"', '"j oe"'],
    ["an author who is no user", '"user":"alex"', '"user":"-alex"'],
    ["a property name that is empty", '"ip-address"', '""'],
    ["a property name that is not ASCII", '"ip-address"', '"ip-addre\u00df"'],
    ["a property name over 255 characters", '"ip-address"', `"${"x".repeat(256)}"`],
  ])("one with %s", (_, from, to) => {
    expect(problemOf(() => parseManifest(bent(from, to))).code).toBe("bad-name");
  });

  test("one of another JSON type, or none at all", () => {
    for (const other of ["", "null", "[]", '"x"', "1", "{}", `[${text}]`, `\ufeff${text}`])
      expect(problemOf(() => parseManifest(other)).code).toBe("bad-manifest");
    expect(problemOf(() => parseManifest(`${text} x`)).message).toContain("goes on after its end");
  });

  test("one that is too long", () => {
    expect(parseManifest(text.padEnd(maxManifestSize))).toEqual(first);
    expect(problemOf(() => parseManifest(text.padEnd(maxManifestSize + 1))).message).toContain("longer than");
  });

  test("any that differs in one character, unless it says something else", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: text.length - 1 }),
        fc.string({ maxLength: 2, unit: "binary" }),
        (at, put) => {
          const other = text.slice(0, at) + put + text.slice(at + 1);
          try {
            const read = parseManifest(other);
            if (other !== text && encodeManifest(read) === text) expect(other.replace(/\s/g, "")).toBe(text);
          } catch (error) {
            expect(error).toBeInstanceOf(Problem);
            expect(["bad-manifest", "bad-name"]).toContain((error as Problem).code);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
