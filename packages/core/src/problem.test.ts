import { expect, test } from "bun:test";
import { inlineValueSize, shownValueSize } from "./limits.ts";
import { isServerCode, Problem, type ProblemCode, problems } from "./problem.ts";

test("every problem has a code in words, and a status that is an error where a server may answer it", () => {
  for (const [code, status] of Object.entries(problems)) {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
    if (status !== null) expect(status).toBeWithin(400, 600);
    expect(isServerCode(code)).toBe(status !== null);
    expect(new Problem(code as ProblemCode, "x").status).toBe(status ?? 500);
  }
});

test("a problem keeps its code, sentence and cause", () => {
  const cause = new Error("why");
  const problem = new Problem("not-found", "there is no such machine", { cause });
  expect(problem).toBeInstanceOf(Error);
  expect(problem).toMatchObject({
    name: "Problem",
    code: "not-found",
    status: 404,
    message: "there is no such machine",
    cause,
    retryAfter: null,
  });
});

test("a problem may say when to try again", () => {
  const problem = new Problem("too-many-requests", "wait", { retryAfter: 60 });
  expect(problem).toMatchObject({ status: 429, retryAfter: 60 });
  expect(Object.hasOwn(problem, "cause")).toBe(false);
});

test("what the network says is a code only when the table has it", () => {
  for (const text of [
    "",
    "toString",
    "__proto__",
    "constructor",
    "Not-Found",
    "not-found ",
    404,
    null,
    undefined,
  ])
    expect(isServerCode(text)).toBe(false);
});

test("what is shown fits what travels inline", () => {
  expect([shownValueSize, inlineValueSize]).toEqual([2048, 65_536]);
});
