import { expect, test } from "bun:test";
import { readJson } from "./body.ts";
import { paceTime } from "./pace.ts";

const mebibyte = 1024 * 1024;
const pace = { minRate: 1024, within: paceTime };

function read(body: string, maxSize = 64 * mebibyte): Promise<unknown> {
  return readJson(new Request("http://127.0.0.1/", { method: "POST", body }), { maxSize, pace });
}

test("a body is read up to its limit", async () => {
  expect(await read('{"a":[1,"x"]}')).toEqual({ a: [1, "x"] });
  await expect(read(JSON.stringify("x".repeat(100)), 100)).rejects.toMatchObject({ code: "too-large" });
  await expect(read("{")).rejects.toMatchObject({ code: "bad-request" });
  await expect(read('"')).rejects.toMatchObject({ code: "bad-request" });
});

test("a body of millions of lists or objects is refused before they are made", async () => {
  const many = 1_000_001;
  for (const body of ["[".repeat(many), `[${"[],".repeat(many)}0]`, '{"":'.repeat(many)]) {
    await expect(read(body)).rejects.toMatchObject({ code: "too-large" });
  }
});

test("brackets in strings do not count, whatever stands before their quotes", async () => {
  const strings = ["[{".repeat(600_000), '\\"['.repeat(600_000), `\\\\${"[".repeat(1_000_001)}`, "\\"];
  expect(await read(JSON.stringify(strings))).toEqual(strings);
});
