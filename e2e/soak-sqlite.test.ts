// A server on SQLite that is killed and started again while clients work.
import { expect, test } from "bun:test";
import { shortSoak } from "./support/soak.ts";

test("nothing is lost when the only server of a store is killed", async () => {
  const { code, text, acknowledged, kills } = await shortSoak("sqlite");
  expect(text).toEndWith("\nno faults\n");
  expect(code).toBe(0);
  expect(acknowledged).toBeGreaterThan(10);
  expect(kills).toBeGreaterThan(0);
}, 420_000);
