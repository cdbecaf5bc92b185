import { expect, test } from "bun:test";
import { asJsonValue, laidOut, laidOutPieces, listText, summary } from "./layout.ts";

const id = "00000000-0000-4000-8000-000000000000";

test("a list of machines, to the column", () => {
  const longName = "a-machine-with-a-name-over-25.example.com";
  const rows = [
    {
      id,
      name: "new.example.com",
      access: "write" as const,
      members: [
        { user: "walter", access: "write" as const, pending: false },
        { user: "joe", access: "write" as const, pending: false },
      ],
    },
    {
      id,
      name: longName,
      access: "read" as const,
      members: [{ user: "joe", access: "read" as const, pending: false }],
    },
    { id, name: "x", access: null, members: [] },
  ];
  expect(listText(rows)).toBe(
    [
      "  Machine                   User access",
      "------------------------------------------------------------------------",
      "+ new.example.com           joe, walter",
      `- ${longName} joe:read`,
      `  ${"x".padEnd(25)} `,
    ].join("\n"),
  );
});

test("a value stands on its line, or with line feeds on lines of its own", () => {
  expect(laidOut("one")).toBe("one");
  expect(laidOut("")).toBe("");
  expect(laidOut("one\n")).toBe("\\\n | one");
  expect(laidOut("one\n\nthree")).toBe("\\\n | one\n | \n | three");
});

test("what is not shown is measured", () => {
  const base = { digest: "", size: 1533, revision: 1 };
  expect(summary({ kind: "public", ...base })).toBe("(1533 byte document)");
  expect(summary({ kind: "encrypted", ...base, commitment: "" })).toBe("(1533 byte encrypted)");
});

test("a value in pieces is laid out as it is in one, wherever it is cut", () => {
  for (const text of ["", "one", "one\n", "\n", "\n\n", "one\n\nthree\n", "\ufeffä€😀\n😀", "ä€😀"]) {
    const bytes = Buffer.from(text);
    for (let first = 0; first <= bytes.length; first++)
      for (let second = first; second <= bytes.length; second++) {
        const cut = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
        expect([...(laidOutPieces(cut) ?? ["none"])].join("")).toBe(laidOut(text));
      }
  }
  expect([...(laidOutPieces([]) ?? ["none"])].join("")).toBe("");
});

test("what is not UTF-8 is not laid out, wherever the fault is", () => {
  const sign = [...Buffer.from("€")];
  for (const octets of [[0xff], sign.slice(0, 2), sign.slice(1), [...sign, 0xe2], [0xed, 0xa0, 0x80]]) {
    expect(laidOutPieces([Buffer.from(octets)])).toBeNull();
    expect(laidOutPieces(octets.map((octet) => Buffer.from([octet])))).toBeNull();
    expect(laidOutPieces([Buffer.from("text"), Buffer.from(octets)])).toBeNull();
  }
});

test("JSON holds text as text and anything else as base64", () => {
  expect(asJsonValue(Buffer.from("ü"))).toEqual({ value: "ü" });
  expect(asJsonValue(Buffer.from([0xff]))).toEqual({ base64: "/w==" });
});
