import { expect, test } from "bun:test";
import { run, start, succeed } from "./process.ts";

test("the environment holds what is given and the search path, nothing else", async () => {
  const { text } = await run(["env"], { env: { HOME: "/nowhere" } });
  expect(text.split("\n").map((line) => line.split("=")[0])).toEqual(["PATH", "HOME", ""]);
});

test("bytes pass through unchanged", async () => {
  const every = Uint8Array.from({ length: 256 }, (_, index) => index);
  expect((await run(["cat"], { stdin: every })).stdout).toEqual(every);
  expect((await run(["cat"], { stdin: new Blob([every]).stream() })).stdout).toEqual(every);
  expect((await run(["cat"])).stdout).toEqual(new Uint8Array());
});

test("a program may end without reading its input", async () => {
  const large = new Uint8Array(8 * 1024 * 1024);
  expect((await run(["sh", "-c", "exit 7"], { stdin: large })).code).toBe(7);
  expect((await run(["sh", "-c", "exit 7"], { stdin: new Blob([large]).stream() })).code).toBe(7);
});

test("signals, failures and time limits are told apart", async () => {
  expect(await run(["sh", "-c", "echo oops >&2; kill -9 $$"])).toMatchObject({
    code: null,
    signal: "SIGKILL",
    stderr: "oops\n",
  });
  await expect(succeed(["sh", "-c", "echo oops >&2; exit 3"])).rejects.toThrow("ended with 3: oops");
  await expect(run(["sleep", "60"], { timeout: 50 })).rejects.toThrow("did not end within 50 ms");
});

test("a started program can be read while it runs", async () => {
  const child = start(["sh", "-c", "echo one; exec sleep 60"]);
  const { value } = await child.stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toBe("one\n");
  child.kill("SIGKILL");
  await child.exited;
  expect(child.signalCode).toBe("SIGKILL");
});
