import { expect, test } from "bun:test";
import { openTerminal } from "./terminal.ts";

const ask =
  'stty -echo </dev/tty; printf "Secret: " >/dev/tty; read x </dev/tty; stty echo </dev/tty; echo "$x" | wc -c';

test("a secret that is typed without echo does not appear", async () => {
  const terminal = openTerminal(["sh", "-c", ask]);
  expect(await terminal.waitFor("Secret: ")).toBe("Secret: ");
  expect(terminal.echoes).toBe(false);
  terminal.type("hunter2\r");
  expect(await terminal.exit).toEqual({ code: 0, signal: null, output: "Secret: 8\r\n" });
});

test("what is typed with echo appears, so the test above can fail", async () => {
  const terminal = openTerminal(["sh", "-c", 'printf "Name: "; read x; echo "<$x>"']);
  await terminal.waitFor(/Name: /);
  expect(terminal.echoes).toBe(true);
  terminal.type("joe\r");
  expect(await terminal.waitFor(/<\w+>/)).toBe("joe\r\n<joe>");
  expect((await terminal.exit).output).toBe("Name: joe\r\n<joe>\r\n");
});

test("Ctrl-C interrupts, and waiting for what never comes fails", async () => {
  const terminal = openTerminal(["sh", "-c", "echo ready; exec sleep 60"]);
  await terminal.waitFor("ready\r\n");
  terminal.type("\x03");
  await expect(terminal.waitFor("never")).rejects.toThrow('ended without never: "ready');
  expect((await terminal.exit).signal).toBe("SIGINT");
});

test("a large output arrives whole", async () => {
  const terminal = openTerminal(["seq", "200000"]);
  expect((await terminal.exit).output.length).toBe(1_288_895 + 200_000);
});
