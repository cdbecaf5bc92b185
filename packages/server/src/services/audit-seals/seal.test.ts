import { expect, test } from "bun:test";
import fc from "fast-check";
import type { AuditTable } from "../../database/schema.ts";
import { makeLog } from "../../log/log.ts";
import { rootOf, rowBytes } from "./rows.ts";
import { nameOf, parseSeal, type Seal, sealText, shownName } from "./seal.ts";
import { announcement, nameInLine, readName } from "./seal-names.ts";

const digest = fc.stringMatching(/^[0-9a-f]{64}$/);
const seals: fc.Arbitrary<Seal> = fc.record({
  store: fc.uuid(),
  number: fc.integer({ min: 1, max: 9_999_999_999 }),
  previous: fc.option(digest),
  events: fc.integer({ min: 1, max: 9999 }),
  root: digest,
  time: fc
    .date({ noInvalidDate: true, min: new Date(0), max: new Date("9999-12-31") })
    .map((date) => date.toISOString()),
  server: fc.stringMatching(/^[!-~]{1,255}$/),
});
const rows: fc.Arbitrary<AuditTable> = fc.record({
  id: fc.uuid(),
  time: fc.string(),
  user_name: fc.string({ unit: "binary" }),
  fingerprint: fc.string(),
  action: fc.string(),
  object_id: fc.string(),
  object_name: fc.string({ unit: "binary" }),
  property: fc.string(),
  address: fc.string(),
  outcome: fc.string(),
  refused: fc.constantFrom(0 as const, 1 as const),
  detail: fc.string({ unit: "binary" }),
  seal: fc.option(fc.nat()),
});

test("the text of a seal says all of it, and no other text does", () => {
  fc.assert(
    fc.property(seals, fc.nat(), fc.stringMatching(/^[\n -~]$/), (seal, place, mark) => {
      const text = sealText(seal);
      expect(parseSeal(text)).toEqual(seal);
      const at = place % text.length;
      const bent = text.slice(0, at) + mark + text.slice(at + 1);
      const read = parseSeal(bent);
      if (read !== null) expect(sealText(read)).toBe(bent);
      for (const other of [
        `${text} `,
        `${text}\n`,
        text.slice(0, -1),
        ` ${text}`,
        text.replace("\n", "\r\n"),
      ])
        expect(parseSeal(other)).toBeNull();
    }),
  );
});

test("no two rows have the same bytes: nothing that moves from one column to the next goes unnoticed", () => {
  const shown = (row: AuditTable) => Buffer.from(rowBytes(row)).toString();
  fc.assert(
    fc.property(rows, rows, (one, other) => {
      const { seal: _, ...columns } = one;
      const [id, time, user, ...rest] = JSON.parse(shown(one));
      expect([id, time, user, ...rest]).toHaveLength(Object.keys(columns).length);
      expect(shown(one) === shown(other)).toBe(
        Object.entries(columns).every(([name, value]) => other[name as keyof AuditTable] === value),
      );
    }),
  );
  const row = fc.sample(rows, 1)[0] as AuditTable;
  expect(rowBytes({ ...row, object_name: "ab", property: "c" })).not.toEqual(
    rowBytes({ ...row, object_name: "a", property: "bc" }),
  );
});

test("the root of rows is the same in whatever order a database gives them", () => {
  fc.assert(
    fc.property(fc.uniqueArray(rows, { selector: ({ id }) => id, minLength: 1 }), fc.nat(), (some, seed) => {
      const at = seed % some.length;
      expect(rootOf([...some.slice(at), ...some.slice(0, at)])).toBe(rootOf(some));
    }),
  );
});

const name = nameOf(17, "text");
const shown = shownName(name);

test("a seal is found in the lines of the log, in every form that they have", () => {
  expect(readName(shown)).toEqual(name);
  expect(nameInLine(`${shown}\n`)).toEqual(name);
  const lines: string[] = [];
  for (const format of ["none", "journal", "syslog", "json"] as const)
    makeLog(format, (line) => lines.push(line)).message("info", announcement(name));
  expect(lines).toHaveLength(4);
  for (const line of lines) {
    expect(nameInLine(line)).toEqual(name);
    expect(nameInLine(`Nov 24 02:00:00 host pstore-server[42]: ${line.replace(/^<\d>/, "")}`)).toEqual(name);
    expect(nameInLine(JSON.stringify({ MESSAGE: line.trimEnd() }))).toEqual(name);
  }
  for (const text of [
    "",
    "17",
    `0:${name.digest}`,
    `17:${name.digest}0`,
    `17:${name.digest.slice(1)}`,
    `x${shown}`,
  ])
    expect([readName(text), nameInLine(text)]).toEqual([null, null]);
});

test("what a user named so is no seal", () => {
  const text = announcement(name);
  const lines: string[] = [];
  for (const format of ["journal", "syslog", "json"] as const)
    makeLog(format, (line) => lines.push(line)).audit({
      id: "i",
      time: "2026-11-23T16:30:57.123Z",
      user_name: "",
      fingerprint: "",
      action: "show",
      object_id: "",
      object_name: `" ] message="${text}`,
      property: "",
      address: "",
      outcome: "ok",
      detail: `message message="${text}"`,
    });
  expect(lines).toHaveLength(3);
  for (const line of lines) {
    expect(line).toContain(shown);
    expect(nameInLine(line)).toBeNull();
    expect(nameInLine(`Nov 24 02:00:00 host pstore-server[42]: ${line.replace(/^<\d>/, "")}`)).toBeNull();
    expect(nameInLine(JSON.stringify({ MESSAGE: line.trimEnd() }))).toBeNull();
  }
});
