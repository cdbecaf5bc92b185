import { expect, test } from "bun:test";
import { asJsonValue, concealed, laidOut, listText, summary } from "./layout.ts";

const id = "00000000-0000-4000-8000-000000000000";

test("a list of machines, to the column", () => {
  const longName = "a-machine-with-a-name-over-25.example.com";
  const rows = [
    {
      id,
      name: "new.example.com",
      access: "write" as const,
      members: [
        { user: "walter", access: "write" as const },
        { user: "joe", access: "write" as const },
      ],
    },
    { id, name: longName, access: "read" as const, members: [{ user: "joe", access: "read" as const }] },
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

test("a concealed value hides each of its lines, and ends hiding with it", () => {
  expect(concealed("a\nb")).toBe("\u001b[30;40ma\u001b[0m\n\u001b[30;40mb\u001b[0m");
});

test("JSON holds text as text and anything else as base64", () => {
  expect(asJsonValue(Buffer.from("ü"))).toEqual({ value: "ü" });
  expect(asJsonValue(Buffer.from([0xff]))).toEqual({ base64: "/w==" });
});
