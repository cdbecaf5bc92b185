import { expect, test } from "bun:test";
import { clientCommand, grantOf, propertyWords } from "./client-command.ts";

test("a shell that is given the command runs the client with just these words", () => {
  const names = ["db3", "db 3", "x; touch pwned", "`id`", "$(id)", "it's", 'a"b', "a\\b", "*", "a|b>c&d"];
  for (const name of names) {
    const command = clientCommand(name, "--restore", "3", ...propertyWords(name));
    const { stdout, stderr } = Bun.spawnSync(["sh", "-c", `pstore() { printf '%s\\0' "$@"; }; ${command}`]);
    expect(stderr.toString()).toBe("");
    expect(stdout.toString().split("\0").slice(0, -1)).toEqual([name, "--restore", "3", name]);
  }
});

test("a plain name stands there as it is", () => {
  expect(clientCommand("-P", "web1.example.com")).toBe("pstore -P web1.example.com");
  expect(clientCommand("db", grantOf("joe", "read"), "^alex")).toBe("pstore db +joe:read ^alex");
});

test("a property that is called like an option is none", () => {
  expect(clientCommand("db", "-pe", ...propertyWords("-x"))).toBe("pstore db -pe -- -x");
  expect(clientCommand("db", "-pe", ...propertyWords("+x"))).toBe("pstore db -pe +x");
});
