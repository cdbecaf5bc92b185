import { expect, setSystemTime, test } from "bun:test";
import { PersonAtTerminal } from "./person.ts";
import { aside, ProgressBar } from "./progress.ts";

const MiB = 1024 * 1024;

/** What is drawn of a transfer of 100 MiB after two seconds, when half of it is done. */
function drawn(label: string, columns: number, total: number | null = 100 * MiB): string {
  let text = "";
  const stderr = { write: (part: string) => (text += part) };
  setSystemTime(1_000_000);
  const bar = new ProgressBar(stderr, label, total, "bytes", () => columns);
  bar.advance(25 * MiB);
  expect(text).toBe("");
  setSystemTime(1_002_000);
  bar.advance(25 * MiB);
  setSystemTime();
  const line = text;
  bar.done();
  expect(text).toBe(`${line}\r\u001b[K`);
  return line.replace("\r", "").replace("\u001b[K", "");
}

test("a bar says how far a transfer is, and how fast", () => {
  expect(drawn("key", 80)).toBe("key: [###############...............] 50% of 100.0 MiB, 25.0 MiB/s");
  expect(drawn("key", 80, null)).toBe("key: 50.0 MiB, 25.0 MiB/s");
});

test("a bar never fills the line, so that it can be drawn over", () => {
  expect(drawn("key", 50)).toBe("key: [#######......] 50% of 100.0 MiB, 25.0 MiB/s");
  expect(drawn("key", 40)).toBe("key: 50% of 100.0 MiB, 25.0 MiB/s");
  for (const columns of [2, 10, 30, 50, 80, 300])
    expect(drawn("n".repeat(255), columns).length).toBeLessThan(columns);
});

test("a bar is taken away once, also when the process ends in the middle", () => {
  const before = process.listenerCount("exit");
  drawn("key", 80);
  expect(process.listenerCount("exit")).toBe(before);
});

/** What is drawn of 1,000 items: nothing for ten seconds, then the first, and 411 more in the time given. */
function drawnOfItems(milliseconds: number, total: number | null = 1000): string {
  let text = "";
  const stderr = { write: (part: string) => (text = part) };
  setSystemTime(1_000_000);
  const bar = new ProgressBar(stderr, "password", total, "items", () => 80);
  setSystemTime(1_010_000);
  bar.advance(1);
  const first = text;
  setSystemTime(1_010_000 + milliseconds);
  bar.advance(411);
  setSystemTime();
  const line = text;
  bar.done();
  expect(first).toContain(total === null ? "password: 1\u001b" : "] 1/1000\u001b");
  return line.replace("\r", "").replace("\u001b[K", "");
}

test("a bar of items says how many are done, and how long the others take", () => {
  const bar = "[############..................]";
  expect(drawnOfItems(6300)).toBe(`password: ${bar} 412/1000, 10 s left`);
  expect(drawnOfItems(60_000)).toBe(`password: ${bar} 412/1000, 86 s left`);
  expect(drawnOfItems(600_000)).toBe(`password: ${bar} 412/1000, 15 min left`);
  expect(drawnOfItems(6300, null)).toBe("password: 412");
});

test("a bar of items that are all done says no time", () => {
  let text = "";
  setSystemTime(1_000_000);
  const bar = new ProgressBar({ write: (part) => (text = part) }, "password", 2, "items", () => 80);
  bar.advance(1);
  setSystemTime(1_002_000);
  bar.advance(1);
  setSystemTime();
  expect(text).toBe("\rpassword: [##############################] 2/2\u001b[K");
  bar.done();
});

/** What a terminal shows of a line that is drawn over, and erased behind the cursor. */
function seen(line: string): string {
  let shown = "";
  for (const drawn of line.split("\r")) {
    let column = 0;
    for (const [index, text] of drawn.split("\u001b[K").entries()) {
      if (index > 0) shown = shown.slice(0, column);
      shown = shown.slice(0, column) + text + shown.slice(column + text.length);
      column += text.length;
    }
  }
  return shown;
}

function terminal() {
  let text = "";
  return {
    isTerminal: true,
    write: (part: string) => {
      text += part;
    },
    lines: () => text.split("\n").map(seen),
  };
}

test("what is said while a bar stands is a line of its own, and the bar goes on below it", () => {
  const stderr = terminal();
  const person = new PersonAtTerminal(stderr, { verbose: false, yes: false });
  setSystemTime(1_000_000);
  const bar = person.progress("decrypting", 3, "items");
  setSystemTime(1_002_000);
  bar.advance(1);
  expect(stderr.lines()).toEqual([expect.stringMatching(/^decrypting: .* 1\/3$/)]);
  person.notice("re-using cached password");
  person.show("a question about this");
  setSystemTime(1_003_000);
  bar.advance(1);
  setSystemTime();
  const said = ["NOTICE: re-using cached password", "a question about this"];
  expect(stderr.lines()).toEqual([...said, expect.stringMatching(/^decrypting: .* 2\/3, 1 s left$/)]);
  bar.done();
  person.notice("done");
  expect(stderr.lines()).toEqual([...said, "NOTICE: done", ""]);
});

test("the time in which somebody is asked is none of what is under way", async () => {
  let text = "";
  setSystemTime(1_000_000);
  const bar = new ProgressBar({ write: (part) => (text += part) }, "password", 3, "items", () => 80);
  expect(
    await aside(async () => {
      setSystemTime(1_010_000);
      return "typed";
    }),
  ).toBe("typed");
  bar.advance(1);
  setSystemTime(1_010_900);
  bar.advance(1);
  expect(text).toBe("");
  setSystemTime(1_011_100);
  bar.advance(1);
  setSystemTime();
  expect(text).toContain("3/3");
  bar.done();
  // What comes later has no part in it.
  await aside(async () => {});
  expect(text).toEndWith("3/3\u001b[K\r\u001b[K");
});
