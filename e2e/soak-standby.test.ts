// A PostgreSQL primary that is killed, and its standby promoted, while clients work.
import { expect, test } from "bun:test";
import { shortSoak } from "./support/soak.ts";

test("nothing is lost when a PostgreSQL primary is killed and its standby promoted", async () => {
  const { code, text, acknowledged } = await shortSoak("standby");
  expect(text).toEndWith("\nno faults\n");
  expect(code).toBe(0);
  expect(acknowledged).toBeGreaterThan(10);
  expect(text).toContain("primary killed, standby promoted: within ");
}, 420_000);
