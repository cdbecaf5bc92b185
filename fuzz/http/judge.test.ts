import { expect, test } from "bun:test";
import type { Answer } from "./connection.ts";
import { faultOfApiAnswer, faultOfPage } from "./judge.ts";
import type { WireRequest } from "./request.ts";

const asked: WireRequest = { method: "GET", target: "/api/v1/x", headers: [], body: null, isBroken: false };

function answer(status: number, type: string, body: string, more: Record<string, string> = {}): Answer {
  const headers = new Map(Object.entries({ "content-type": type, ...more }));
  return { status, headers, body: Buffer.from(body), milliseconds: 1, surplus: 0 };
}

const problem = (code: string, status: number, detail = "a sentence") =>
  JSON.stringify({ type: "about:blank", title: "x", status, code, detail });
const json = "application/problem+json";
const policy = { "content-security-policy": "default-src 'none'" };

test("an answer of the API is as it should be, or a fault", () => {
  const cases: [Answer, string | null][] = [
    [answer(404, json, problem("not-found", 404)), null],
    [answer(200, "application/json", "{}"), null],
    [answer(500, json, problem("internal-error", 500)), "500"],
    [answer(503, json, problem("unavailable", 503)), "503"],
    [answer(503, json, problem("unavailable", 503), { "retry-after": "5" }), null],
    [answer(404, "text/html", "<p>"), "not as problem details"],
    [answer(404, json, problem("not-found", 400)), "told as"],
    [answer(404, json, problem("made-up", 404)), "told as"],
    [answer(404, json, problem("not-found", 404, "a\0b")), "nobody can read"],
    [answer(404, json, "{"), "cannot be read"],
    [answer(401, json, problem("not-signed-in", 401)), "WWW-Authenticate"],
    [answer(400, "", ""), "not as problem details"],
    [{ ...answer(200, "application/json", "{}"), surplus: 3 }, "behind the answer"],
    [{ ...answer(0, "", ""), status: 0 }, "closed"],
    [{ ...answer(0, "", ""), status: -1 }, "no answer"],
  ];
  for (const [given, fault] of cases) {
    const found = faultOfApiAnswer(asked, given);
    if (fault === null) expect(found).toBeNull();
    else expect(found).toContain(fault);
  }
  // Where HTTP itself is broken, Bun answers by itself.
  for (const status of [0, 400, 505])
    expect(faultOfApiAnswer({ ...asked, isBroken: true }, answer(status, "", ""))).toBeNull();
});

test("a page has its headers, leads nowhere else and escapes what it shows, or is a fault", () => {
  const page = { ...asked, target: "/users" };
  const html = "text/html; charset=utf-8";
  expect(faultOfPage(page, answer(200, html, "<p>", policy))).toBeNull();
  expect(faultOfPage(page, answer(303, "", "", { location: "/sign-in?next=%2F" }))).toBeNull();
  expect(faultOfPage(page, answer(303, "", "", { location: "//example.com" }))).toContain("redirect");
  expect(faultOfPage(page, answer(200, html, "<p>"))).toContain("Content-Security-Policy");
  expect(faultOfPage(page, answer(200, html, "<fuzz-mark onload='x'>", policy))).toContain("markup");
});
