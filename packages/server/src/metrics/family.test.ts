import { expect, test } from "bun:test";
import { Counter } from "./counter.ts";
import { exposition, gauge, sampled } from "./family.ts";
import { Histogram } from "./histogram.ts";

test("families are written as Prometheus reads them", async () => {
  const counter = new Counter({ name: "a_total", help: "All a.\nOr \\ not." });
  counter.add({ path: 'x"\\\n', status: "200" });
  counter.add({ path: 'x"\\\n', status: "200" }, 2);
  counter.add({ path: "y", status: "200" });
  const histogram = new Histogram({ name: "b_seconds", help: "How long b took." }, [0.1, 1]);
  for (const value of [0.05, 0.1, 0.5, 7]) histogram.observe({ route: "/" }, value);
  const unknown = sampled("gauge", { name: "c", help: "Not known now." }, async () => []);
  expect(await exposition([counter, histogram, unknown, gauge({ name: "d", help: "D." }, () => 1.5)])).toBe(
    `# HELP a_total All a.\\nOr \\\\ not.
# TYPE a_total counter
a_total{path="x\\"\\\\\\n",status="200"} 3
a_total{path="y",status="200"} 1
# HELP b_seconds How long b took.
# TYPE b_seconds histogram
b_seconds_bucket{route="/",le="0.1"} 2
b_seconds_bucket{route="/",le="1"} 3
b_seconds_bucket{route="/",le="+Inf"} 4
b_seconds_sum{route="/"} 7.65
b_seconds_count{route="/"} 4
# HELP d D.
# TYPE d gauge
d 1.5
`,
  );
});
