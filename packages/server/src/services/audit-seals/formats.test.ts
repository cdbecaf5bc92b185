import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { vector } from "@pstore/core/vectors-for-tests";
import type { AuditTable } from "../../database/schema.ts";
import { rootOf, rowBytes } from "./rows.ts";
import { nameOf, parseSeal, sealText, shownName } from "./seal.ts";

const plain: AuditTable = {
  id: "019ab000-0000-7000-8000-000000000001",
  time: "2026-03-01T12:00:00.000Z",
  user_name: "alex",
  fingerprint: `openpgp:${"1".repeat(40)}`,
  action: "create",
  object_id: "0f8e6d5c-1b2a-4c3d-9e8f-7a6b5c4d3e2f",
  object_name: "walter.example.com",
  property: "",
  address: "192.0.2.1",
  outcome: "ok",
  refused: 0,
  detail: "revision 1",
  seal: 1,
};
const rows: readonly AuditTable[] = [
  plain,
  {
    ...plain,
    id: "019ab000-0000-7000-8000-000000000002",
    time: "2026-03-01T12:00:01.000Z",
    user_name: "joe",
    fingerprint: `openpgp:${"2".repeat(40)}`,
    action: "read",
    object_id: "",
    object_name: 'a "b"\\c',
    property: "password",
    address: "2001:db8::1",
    outcome: "not-found",
    refused: 1,
    detail: "",
  },
];

function hash(...parts: readonly (string | Buffer)[]): Buffer {
  const made = createHash("sha256");
  for (const part of parts) made.update(part);
  return made.digest();
}

test("docs/formats.md tells, byte for byte, the rows of a seal and the seal", () => {
  const lines = rows.map((row) => Buffer.from(rowBytes(row)).toString());
  expect(`${lines.join("\n")}\n`).toBe(vector("auditrows"));
  // The same root without any of the code that makes it.
  const [left, right] = lines.map((line) => hash("\0", line)) as [Buffer, Buffer];
  const root = hash("\x01", left, right).toString("hex");
  expect(rootOf(rows)).toBe(root);
  const text = vector("auditseal");
  const seal = parseSeal(text);
  expect(seal).toMatchObject({ number: 1, previous: null, events: 2, root });
  expect(seal === null ? "" : sealText(seal)).toBe(text);
  expect(`${shownName(nameOf(1, text))}\n`).toBe(vector("auditsealname"));
  expect(vector("auditsealname")).toBe(`1:${hash(text).toString("hex")}\n`);
});
