import { expect, test } from "bun:test";
import { Problem, type ProblemCode } from "@pstore/core/problem";
import { UnknownOutcome } from "../database/store-database.ts";
import { shownProblem } from "./failure.ts";

/** What whoever asked is told of an error, and what is in the log. */
function shown(error: unknown) {
  const log: (readonly [text: string, request: string | undefined])[] = [];
  const problem = shownProblem({ log: (text, request) => log.push([text, request]) }, error, "request-1");
  return { code: problem.code, message: problem.message, retryAfter: problem.retryAfter, log };
}

test("a problem is told as it is", () => {
  expect(shown(new Problem("not-found", "there is no such object"))).toEqual({
    code: "not-found",
    message: "there is no such object",
    retryAfter: null,
    log: [],
  });
});

test.each<[string, ProblemCode, string, number | null]>([
  ["SQLITE_FULL", "unavailable", "the disk of the store is full", null],
  ["ENOSPC", "unavailable", "the disk of the store is full", null],
  ["53100", "unavailable", "the disk of the store is full", null],
  ["25006", "unavailable", "nothing can be written", 2],
  ["57P01", "unavailable", "does not reach its database", 1],
  ["SQLITE_BUSY", "unavailable", "busy", 1],
  ["57014", "unavailable", "busy", 1],
  ["40001", "unavailable", "others changed the same", 1],
  ["SQLITE_IOERR_FSYNC", "unavailable", "cannot be read or written", null],
  ["58030", "unavailable", "cannot be read or written", null],
])("the fault %s of a database ends: %s, %s", (code, problem, message, retryAfter) => {
  const error = Object.assign(new Error("what the engine says"), { code });
  expect(shown(error)).toEqual({
    code: problem,
    message: expect.stringContaining(message),
    retryAfter,
    log: [[expect.stringContaining("what the engine says"), "request-1"]],
  });
});

test.each<[string, Error]>([
  ["an error", new Error("what broke")],
  ["a row twice", Object.assign(new Error("what broke"), { code: "23505" })],
  ["an internal problem", new Problem("internal-error", "what broke")],
])("%s is told to the log alone, under the id of the request", (_, error) => {
  const { code, message, log } = shown(error);
  expect([code, message]).toEqual(["internal-error", expect.stringContaining("under request-1,")]);
  expect(message).not.toContain("what broke");
  expect(log).toEqual([[expect.stringMatching(/what broke[\s\S]*failure\.test\.ts/), "request-1"]]);
});

test("a commit of which nobody knows is told as it is, and to the log with what broke", () => {
  const cause = Object.assign(new Error("what the engine says"), { code: "08006" });
  const { code, message, log } = shown(new UnknownOutcome(cause));
  expect([code, message]).toEqual(["unavailable", expect.stringContaining("look, and repeat it")]);
  expect(log).toEqual([
    [expect.stringMatching(/look, and repeat it.* \(what the engine says\)$/), "request-1"],
  ]);
});

test("what all requests run into is told once a second, and of how many", async () => {
  const told: string[] = [];
  const log = (text: string) => void told.push(text);
  const meet = (code: string) =>
    shownProblem({ log }, Object.assign(new Error("gone"), { code }), "request-1");
  for (let count = 0; count < 500; count++) {
    meet("ECONNREFUSED");
    meet("53100");
  }
  expect(told).toEqual([
    "the server does not reach its database; try again in a moment (gone)",
    "the disk of the store is full; tell whoever runs it (gone)",
  ]);
  for (const end = Date.now() + 5000; told.length < 3 && Date.now() < end; await Bun.sleep(20)) meet("08006");
  expect(told[2]).toMatch(
    /^the server does not reach its database; .* \(gone\), and 5\d\d requests more before it$/,
  );
});
