// Three servers on one PostgreSQL that are killed and started again, and it with them, while clients work.
import { expect, test } from "bun:test";
import { shortSoak } from "./support/soak.ts";

test("nothing is lost when the servers of a store and its PostgreSQL are killed", async () => {
  const { code, text, acknowledged, kills } = await shortSoak("postgres");
  expect(text).toEndWith("\nno faults\n");
  expect(code).toBe(0);
  expect(acknowledged).toBeGreaterThan(10);
  expect(kills).toBeGreaterThan(0);
  expect(text).toContain("PostgreSQL killed and started: within ");
}, 420_000);
