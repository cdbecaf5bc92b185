import { expect, test } from "bun:test";
import fc from "fast-check";
import * as v from "valibot";
import { readRows } from "./rows.ts";
import { ObjectRow } from "./schemas.ts";

const access = fc.constantFrom("read", "write");
const row = fc.record({
  id: fc.uuid({ version: 4 }),
  name: fc.string({ minLength: 1, maxLength: 255 }),
  access: fc.option(access),
  members: fc.array(
    fc.record({ user: fc.string({ minLength: 1, maxLength: 150 }), access, pending: fc.boolean() }),
    {
      maxLength: 3,
    },
  ),
});

/** What stands in the place of something, or is added, so that it does not fit or just fits. */
const other = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(
    "",
    "\n",
    "a\u001b",
    "ä",
    "read",
    "admin",
    "a".repeat(150),
    "a".repeat(151),
    "a".repeat(256),
  ),
);

/** Sets one field of a row, of one of its members, or the row itself. */
function altered(rows: unknown[], at: number, path: string, value: unknown): unknown {
  const copy = structuredClone(rows);
  const one = copy[at % copy.length] as { members: unknown[] } & Record<string, unknown>;
  const member = one.members[0] as Record<string, unknown> | undefined;
  const [of, field = ""] = path.split(".");
  if (of === "rows") return value;
  if (of === "row") one[field] = value;
  else if (of === "member" && member !== undefined) member[field] = value;
  else one.members[0] = value;
  return copy;
}

const paths = [
  ...["id", "name", "access", "members", "further"].map((field) => `row.${field}`),
  ...["user", "access", "pending", "further"].map((field) => `member.${field}`),
  ...["members", "rows"],
];

const bySchema = (json: unknown) => {
  const parsed = v.safeParse(v.array(ObjectRow), json);
  return parsed.success ? parsed.output : null;
};

test("rows are read as the schema reads them", () => {
  const known = { fits: 0, fitsNot: 0 };
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1, maxLength: 3 }),
      fc.nat(),
      fc.constantFrom(...paths),
      other,
      (rows, at, path, value) => {
        expect(readRows(rows)).toEqual(bySchema(rows));
        const json = altered(rows, at, path, value);
        const expected = bySchema(json);
        known[expected === null ? "fitsNot" : "fits"]++;
        expect(readRows(json)).toEqual(expected);
      },
    ),
    { numRuns: 1500 },
  );
  expect(known.fits).toBeGreaterThan(50);
  expect(known.fitsNot).toBeGreaterThan(50);
});

test("what else stands in a row is left out", () => {
  const id = "6f2b7d1c-0f6c-4c5e-9f0d-2f9a1f0d3b11";
  const members = [{ user: "joe", access: "read", pending: false, more: 1 }];
  const [read] = readRows([{ id, name: "a", access: null, members, more: 1 }]) ?? [];
  expect(Object.keys(read ?? {})).toEqual(["id", "name", "access", "members"]);
  expect(Object.keys(read?.members[0] ?? {})).toEqual(["user", "access", "pending"]);
});
