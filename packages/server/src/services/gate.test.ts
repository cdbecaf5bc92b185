import { expect, test } from "bun:test";
import { Gate } from "./gate.ts";

test("only so much runs at once, so much waits, and the rest is refused", async () => {
  const gate = new Gate({ atOnce: 2, waiting: 3 });
  let running = 0;
  let most = 0;
  const finish: (() => void)[] = [];
  const work = async () => {
    most = Math.max(most, ++running);
    await new Promise<void>((resolve) => {
      finish.push(resolve);
    });
    running--;
    if (finish.length === 1) throw new Error("work that fails leaves its place too");
  };
  const all = Array.from({ length: 6 }, () => gate.pass(work).catch((error: Error) => error.message));
  expect(await all[5]).toStartWith("very many people sign in just now");
  for (let done = 0; done < 5; done++) {
    finish[done]?.();
    await all[done];
  }
  expect([most, running]).toEqual([2, 0]);
  expect(await gate.pass(async () => "free again")).toBe("free again");
});
