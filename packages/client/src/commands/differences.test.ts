import { expect, test } from "bun:test";
import type { Difference } from "@pstore/core/changes";
import type { Fingerprint } from "@pstore/core/fingerprint";
import type { Property } from "@pstore/core/manifest";
import { changesJson, changesText } from "./differences.ts";

const digest = "0".repeat(64);
const key: Fingerprint = `openpgp:${"1".repeat(40)}`;
const open: Property = { kind: "public", digest, size: 3, revision: 2 };
const sealed: Property = { kind: "encrypted", digest, size: 256, revision: 2, commitment: digest };

const deed = (...changes: Difference[]) => ({
  revision: 5,
  time: "2026-03-01T12:00:00Z",
  author: { user: "alex", key },
  changes,
});

const cases: [Difference, string, object][] = [
  [{ what: "created" }, "created", { what: "created" }],
  [{ what: "deleted" }, "deleted", { what: "deleted" }],
  [{ what: "undeleted" }, "undeleted", { what: "undeleted" }],
  [{ what: "renamed", from: "old, er" }, "renamed from 'old, er'", { what: "renamed", from: "old, er" }],
  [
    { what: "allowed", user: "joe", access: "write" },
    "+joe",
    { what: "allowed", user: "joe", access: "write" },
  ],
  [
    { what: "allowed", user: "joe", access: "read" },
    "+joe:read",
    { what: "allowed", user: "joe", access: "read" },
  ],
  [
    { what: "access", user: "joe", from: "write", to: "read" },
    "+joe:read (was write)",
    { what: "access", user: "joe", from: "write", to: "read" },
  ],
  [{ what: "keys", user: "joe" }, "new keys of joe", { what: "keys", user: "joe" }],
  [
    { what: "keys", user: "joe", pending: true },
    "joe waits for a key",
    { what: "keys", user: "joe", pending: true },
  ],
  [
    { what: "keys", user: "joe", pending: false },
    "joe was let in",
    { what: "keys", user: "joe", pending: false },
  ],
  [
    { what: "allowed", user: "joe", access: "read", pending: true },
    "+joe:read, joe waits for a key",
    { what: "allowed", user: "joe", access: "read", pending: true },
  ],
  [
    { what: "access", user: "joe", from: "read", to: "write", pending: false },
    "+joe (was read), joe was let in",
    { what: "access", user: "joe", from: "read", to: "write", pending: false },
  ],
  [{ what: "revoked", user: "joe" }, "^joe", { what: "revoked", user: "joe" }],
  [
    { what: "set", property: "a/b=c", now: open, before: null },
    "set a/b=c",
    { what: "set", property: "a/b=c", kind: "public", size: 3 },
  ],
  [
    { what: "set", property: "x", now: sealed, before: open },
    "set x (now encrypted)",
    { what: "set", property: "x", kind: "encrypted", size: 256 },
  ],
  [
    { what: "set", property: "x", now: sealed, before: sealed },
    "set x",
    { what: "set", property: "x", kind: "encrypted", size: 256 },
  ],
  [
    { what: "restored", property: "a, ^joe", now: sealed, before: null },
    "restored 'a, ^joe' from 2",
    { what: "restored", property: "a, ^joe", kind: "encrypted", size: 256, from: 2 },
  ],
  [{ what: "dropped", property: "x", before: open }, "dropped x", { what: "dropped", property: "x" }],
];

test.each(cases.map(([one, text, json]) => ({ one, text, json })))("$text", ({ one, text, json }) => {
  expect(changesText(deed(one))).toBe(text);
  expect(changesJson(deed(one))).toEqual([json]);
});

test("several are told in their order, and of a new machine not that its author may write", () => {
  const created: Difference[] = [
    { what: "created" },
    { what: "allowed", user: "alex", access: "write" },
    { what: "allowed", user: "joe", access: "read" },
    { what: "set", property: "x", now: open, before: null },
  ];
  expect(changesText(deed(...created))).toBe("created, +joe:read, set x");
  expect(changesText(deed(...created.slice(1)))).toBe("+alex, +joe:read, set x");
  expect(changesJson(deed(...created))).toHaveLength(4);
});
