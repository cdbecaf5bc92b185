import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import * as v from "valibot";
import { digestOf } from "../digest.ts";
import { anyName, key, objectId, storeId } from "../samples-for-tests.ts";
import {
  Challenge,
  CommitAnswer,
  CommitRequest,
  History,
  LoginRequest,
  NewValue,
  ObjectDetail,
  PublicKey,
  Revision,
  Session,
  StoreInfo,
  Upload,
  WebLink,
  WrappedKey,
} from "./schemas.ts";

const digest = digestOf("");
const revision = { manifest: "{}", commit: "x", signature: "AA==", index: 0, path: [digest] };
const detail = {
  access: "read",
  revision,
  values: [{ property: "__proto__", bytes: "AAEC" }],
  wrappedKeys: [{ property: "constructor", key: key("1"), wrapped: "AAEC" }],
  users: [],
};
const commitRequest = {
  commit: "x",
  signature: "AA==",
  changes: [
    {
      manifest: "{}",
      values: [
        { property: "__proto__", inline: "" },
        { property: "toString", upload: objectId },
      ],
      wrappedKeys: [{ property: "__proto__", key: key("1"), wrapped: "AAEC" }],
    },
  ],
};

/** As it comes from the network. */
const passes = (schema: v.GenericSchema, value: unknown) =>
  v.safeParse(schema, JSON.parse(JSON.stringify(value))).success;

describe("names of properties are values, so any survives", () => {
  test("in what is read and in what is written", () => {
    expect(v.parse(ObjectDetail, JSON.parse(JSON.stringify(detail)))).toEqual(detail as never);
    expect(v.parse(CommitRequest, JSON.parse(JSON.stringify(commitRequest)))).toEqual(commitRequest as never);
    fc.assert(
      fc.property(anyName, (property) => {
        expect(v.parse(NewValue, { property, inline: "" }).property).toBe(property);
        expect(v.parse(WrappedKey, { property, key: key("1"), wrapped: "" }).property).toBe(property);
      }),
    );
  });

  test("up to 255 characters", () => {
    expect(passes(NewValue, { property: "x".repeat(255), inline: "" })).toBe(true);
    expect(passes(NewValue, { property: "x".repeat(256), inline: "" })).toBe(false);
  });
});

describe("base64", () => {
  const inline = (text: string) => passes(NewValue, { property: "x", inline: text });

  test("of any bytes passes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) =>
        expect(inline(Buffer.from(bytes).toString("base64"))).toBe(true),
      ),
    );
    expect(inline(Buffer.alloc(3_000_000, 255).toString("base64"))).toBe(true);
  });

  test.each([
    "A",
    "AA",
    "AAA",
    "AA=",
    "A===",
    "====",
    "=",
    "AAAA=",
    "AAA=AAAA",
    "AA-_",
    "AA A",
    "AAAA\n",
    " AAAA",
    "é===",
  ])("is refused as %j", (text) => expect(inline(text)).toBe(false));
});

describe("what asks for a change is refused", () => {
  const [change] = commitRequest.changes;
  const cases: [string, unknown][] = [
    ["with an unknown member", { ...commitRequest, x: 1 }],
    ["with an unknown member of a change", { ...commitRequest, changes: [{ ...change, x: 1 }] }],
    [
      "with an unknown member of a value",
      { ...commitRequest, changes: [{ ...change, values: [{ property: "x", inline: "", x: 1 }] }] },
    ],
    [
      "with a value that is both inline and uploaded",
      {
        ...commitRequest,
        changes: [{ ...change, values: [{ property: "x", inline: "", upload: objectId }] }],
      },
    ],
    [
      "with a value that is neither",
      { ...commitRequest, changes: [{ ...change, values: [{ property: "x" }] }] },
    ],
    ["with no changes", { ...commitRequest, changes: [] }],
    ["without a signature", { ...commitRequest, signature: undefined }],
    ["with a commit that is too long", { ...commitRequest, commit: "x".repeat(1001) }],
    [
      "with a bare fingerprint",
      {
        ...commitRequest,
        changes: [{ ...change, wrappedKeys: [{ property: "x", key: "1".repeat(40), wrapped: "" }] }],
      },
    ],
    [
      "with a wrapped key that is too long",
      {
        ...commitRequest,
        changes: [{ ...change, wrappedKeys: [{ property: "x", key: key("1"), wrapped: "A".repeat(4100) }] }],
      },
    ],
    [
      "with an upload of no id",
      { ...commitRequest, changes: [{ ...change, values: [{ property: "x", upload: "../x" }] }] },
    ],
    ["that is a list", [commitRequest]],
    ["that is nothing", null],
  ];
  test.each(cases)("%s", (_, request) => expect(passes(CommitRequest, request)).toBe(false));

  test("with a __proto__ of its own", () => {
    const text = JSON.stringify(commitRequest).replace("{", '{"__proto__":{"x":1},');
    expect(v.safeParse(CommitRequest, JSON.parse(text)).success).toBe(false);
  });
});

describe("what a server answers", () => {
  test("may hold more than this version knows, which is left out", () => {
    expect(v.parse(StoreInfo, { id: storeId, version: "4", more: 1 })).toEqual({ id: storeId, version: "4" });
    const polluted = v.parse(StoreInfo, JSON.parse(`{"id":"${storeId}","version":"4","__proto__":{"x":1}}`));
    expect((polluted as Record<string, unknown>)["x"]).toBeUndefined();
  });

  const wrong: [string, v.GenericSchema, unknown][] = [
    ["a store's id that is none", StoreInfo, { id: "../x", version: "4" }],
    ["a challenge with a line feed", Challenge, { challenge: "a\nuser root", expiresIn: 300 }],
    ["a challenge over 128 characters", Challenge, { challenge: "x".repeat(129), expiresIn: 300 }],
    ["an empty challenge", Challenge, { challenge: "", expiresIn: 300 }],
    ["a challenge without an end", Challenge, { challenge: "x", expiresIn: 0 }],
    ["a token that breaks its header", Session, { token: `${"x".repeat(30)}\r\nX: y`, expiresIn: 300 }],
    ["a short token", Session, { token: "x", expiresIn: 300 }],
    ["a link that leads elsewhere", WebLink, { token: `${"x".repeat(30)}/../..`, expiresIn: 120 }],
    ["a negative index", Revision, { ...revision, index: -1 }],
    ["a fractional index", Revision, { ...revision, index: 0.5 }],
    ["an index over 2^53", Revision, { ...revision, index: 2 ** 53 }],
    ["a short step of a path", Revision, { ...revision, path: [digest.slice(2)] }],
    ["a step in capitals", Revision, { ...revision, path: ["A".repeat(64)] }],
    ["a path that is too long", Revision, { ...revision, path: Array(33).fill(digest) }],
    ["a signature that is no base64", Revision, { ...revision, signature: "-----BEGIN" }],
    ["a manifest that is no text", Revision, { ...revision, manifest: {} }],
    ["revisions that are none", History, { revisions: [{}] }],
    ["an access that there is not", ObjectDetail, { ...detail, access: "admin" }],
    ["a value that is no base64", ObjectDetail, { ...detail, values: [{ property: "x", bytes: "?" }] }],
    [
      "a key without its type",
      PublicKey,
      { fingerprint: "1".repeat(40), publicKey: "", writeOnly: false, removed: false, description: "" },
    ],
    ["a size below zero", Upload, { id: objectId, size: -1, digest }],
    ["revision 0", CommitAnswer, { revisions: [{ id: objectId, revision: 0, digest }] }],
  ];
  test.each(wrong)("is refused with %s", (_, schema, answer) => expect(passes(schema, answer)).toBe(false));

  test("passes where it is right", () => {
    expect(passes(Revision, revision)).toBe(true);
    expect(passes(Challenge, { challenge: "x".repeat(128), expiresIn: 300 })).toBe(true);
    expect(passes(Session, { token: "x".repeat(43), expiresIn: 300 })).toBe(true);
    expect(passes(WebLink, { token: "x".repeat(43), expiresIn: 120 })).toBe(true);
    expect(passes(Upload, { id: objectId, size: 0, digest })).toBe(true);
    expect(passes(CommitAnswer, { revisions: [{ id: objectId, revision: 1, digest }] })).toBe(true);
  });
});

test("a login is taken whatever it says, in its bounds: it is refused like any wrong one", () => {
  const login = { user: "nobody", key: "no key", origin: "x", challenge: "?", signature: "" };
  expect(passes(LoginRequest, login)).toBe(true);
  for (const [name, length] of [
    ["user", 151],
    ["key", 101],
    ["origin", 301],
    ["challenge", 1001],
  ] as const)
    expect(passes(LoginRequest, { ...login, [name]: "x".repeat(length) })).toBe(false);
});
