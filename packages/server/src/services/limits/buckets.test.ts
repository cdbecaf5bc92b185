import { expect, test } from "bun:test";
import { Buckets } from "./buckets.ts";

/** Buckets whose clock is set by hand, in milliseconds. */
function bucketsOf(perMinute: number) {
  const time = { now: 1000 };
  return { buckets: new Buckets(perMinute, () => time.now), time };
}

/** How many of so many at once are let through. */
function allowed(buckets: Buckets, source: string, count: number): number {
  let number = 0;
  for (let n = 0; n < count; n++) if (buckets.count(source).allowed) number++;
  return number;
}

test("as many as the limit may come at once, and then so many a minute, however often one tries", () => {
  const { buckets, time } = bucketsOf(60);
  expect(allowed(buckets, "a", 100)).toBe(60);
  time.now += 10_000;
  expect(allowed(buckets, "a", 100)).toBe(10);
  let number = 0;
  for (let second = 0; second < 60; second++) {
    time.now += 1000;
    number += allowed(buckets, "a", 100);
  }
  expect(number).toBe(60);
  expect(allowed(buckets, "b", 100)).toBe(60);
});

test("who is refused is told when one more is let through, and not too early", () => {
  const { buckets, time } = bucketsOf(6);
  allowed(buckets, "a", 6);
  const verdict = buckets.count("a");
  expect(verdict).toMatchObject({ allowed: false, retryAfter: 10 });
  time.now += 9000;
  expect(buckets.count("a")).toMatchObject({ allowed: false, retryAfter: 1 });
  time.now += 1000;
  expect(buckets.count("a")).toEqual({ allowed: true });
});

test("looking counts nothing", () => {
  const { buckets } = bucketsOf(2);
  for (let n = 0; n < 10; n++) expect(buckets.look("a")).toEqual({ allowed: true });
  expect(allowed(buckets, "a", 10)).toBe(2);
  expect(buckets.look("a")).toMatchObject({ allowed: false });
});

test("the first refusal is told apart from those that follow, until the source was quiet for a while", () => {
  const { buckets, time } = bucketsOf(60);
  const firsts = () => {
    let number = 0;
    for (let n = 0; n < 200; n++) {
      const verdict = buckets.count("a");
      if (!verdict.allowed && verdict.isFirst) number++;
    }
    return number;
  };
  expect(firsts()).toBe(1);
  time.now += 20_000;
  expect(firsts()).toBe(0);
  time.now += 31_000;
  expect(firsts()).toBe(1);
});

test("0 is no limit, and nothing is kept of it", () => {
  const { buckets } = bucketsOf(0);
  expect(allowed(buckets, "a", 100_000)).toBe(100_000);
  buckets.learn("a", 1_000_000);
  expect(buckets.look("a")).toEqual({ allowed: true });
  expect(buckets.busy()).toEqual([]);
});

test("what others counted counts, and makes nobody wait for more than half a minute", () => {
  const { buckets, time } = bucketsOf(60);
  buckets.learn("a", 50);
  expect(allowed(buckets, "a", 100)).toBe(10);
  buckets.learn("a", 1_000_000);
  expect(buckets.count("a")).toMatchObject({ allowed: false, retryAfter: 31 });
  time.now += 31_000;
  expect(buckets.count("a")).toEqual({ allowed: true });
});

test("busy are those who used up a tenth, the busiest first, with all that was counted of them", () => {
  const { buckets, time } = bucketsOf(100);
  allowed(buckets, "quiet", 9);
  allowed(buckets, "busy", 50);
  time.now += 15_000;
  allowed(buckets, "busy", 20);
  allowed(buckets, "busier", 90);
  // What was learned is not counted here: else it would come back to those who said it.
  buckets.learn("busier", 50);
  expect(buckets.busy()).toEqual([
    ["busier", 90],
    ["busy", 70],
  ]);
  time.now += 600_000;
  expect(buckets.busy()).toEqual([]);
});

test("an attacker with any number of addresses takes no more than so much memory, and time", () => {
  const { buckets } = bucketsOf(1000);
  const start = performance.now();
  for (let n = 0; n < 300_000; n++) buckets.count(`address ${n}`);
  allowed(buckets, "last", 100);
  expect(buckets.busy()).toEqual([["last", 100]]);
  // What was remembered longest is forgotten first.
  expect(allowed(buckets, "last", 1000)).toBe(900);
  expect(performance.now() - start).toBeLessThan(5000);
});
