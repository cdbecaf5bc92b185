import { describe, expect, test } from "bun:test";
import { expiryWarning } from "./expiry.ts";

const now = new Date("2026-11-23T20:45:00Z");

describe("the warning of a key's end says how long there still is, as finely as it matters", () => {
  test.each<[expires: string, when: string]>([
    ["2027-02-21T20:45:00Z", "in 90 days, on 2027-02-21"],
    ["2026-11-25T20:45:00Z", "in 2 days, on 2026-11-25"],
    ["2026-11-24T20:45:01Z", "in 2 days, on 2026-11-24"],
    ["2026-11-24T20:45:00Z", "in 1 day, on 2026-11-24"],
    ["2026-11-24T20:44:59Z", "in 23 hours, tomorrow at 20:44 UTC"],
    ["2026-11-24T03:50:00Z", "in 7 hours, tomorrow at 03:50 UTC"],
    ["2026-11-23T21:45:00Z", "in 1 hour, today at 21:45 UTC"],
    ["2026-11-23T20:50:00Z", "in 5 minutes, today at 20:50 UTC"],
    ["2026-11-23T20:46:59Z", "in 1 minute, today at 20:46 UTC"],
    ["2026-11-23T20:45:12Z", "in less than a minute, today at 20:45 UTC"],
  ])("%s: %s", (expires, when) => {
    expect(expiryWarning("your key", new Date(expires), now)).toBe(
      `your key expires ${when}; it should be renewed before`,
    );
  });

  test("there is none for what is far off, or past", () => {
    expect(expiryWarning("your key", new Date("2027-02-21T20:45:01Z"), now)).toBeNull();
    expect(expiryWarning("your key", now, now)).toBeNull();
  });
});
