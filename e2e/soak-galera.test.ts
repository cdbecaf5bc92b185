// A node of a Galera cluster that is killed and comes back while clients work.
import { expect, test } from "bun:test";
import { shortSoak } from "./support/soak.ts";

test("nothing is lost when a node of a Galera cluster is killed, and all nodes hold the same", async () => {
  const { code, text, acknowledged } = await shortSoak("galera");
  expect(text).toEndWith("\nno faults\n");
  expect(code).toBe(0);
  expect(acknowledged).toBeGreaterThan(10);
  expect(text).toContain("node killed and back in the cluster: within ");
}, 420_000);
