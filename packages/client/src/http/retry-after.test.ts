import { expect, test } from "bun:test";
import { retryAfterOf } from "./retry-after.ts";

const of = (text: string, date?: string) =>
  retryAfterOf(new Headers({ "retry-after": text, ...(date === undefined ? {} : { date }) }));

test("seconds, as they are", () => {
  expect([of("0"), of("5"), of(" 120 ")]).toEqual([0, 5, 120]);
});

test("a time, from the server's own clock where it says what that is", () => {
  const date = "Tue, 24 Nov 2026 10:00:00 GMT";
  expect(of("Tue, 24 Nov 2026 10:01:30 GMT", date)).toBe(90);
  expect(of("Tue, 24 Nov 2026 09:00:00 GMT", date)).toBe(0);
  const soon = of(new Date(Date.now() + 10_000).toUTCString()) ?? 0;
  expect(soon).toBeGreaterThanOrEqual(8);
  expect(soon).toBeLessThanOrEqual(10);
});

test("what is neither says nothing", () => {
  for (const text of ["", "soon", "-1", "1.5", "1e3", "9999999999", "2026-11-24"])
    expect(of(text)).toBeNull();
  expect(retryAfterOf(new Headers())).toBeNull();
});
