import { expect, test } from "bun:test";
import { nameOfUid } from "./passwd.ts";

test("a login name is found by its number, the first one where several have it", () => {
  const passwd =
    "root:x:0:0:root:/root:/bin/sh\n\n:x:7:7::/:\n+\njoe:x:1000:1000::/:\njoe2:x:1000:0::/:\nx\n";
  expect([0, 1000, 7, 100, 1].map((uid) => nameOfUid(passwd, uid))).toEqual([
    "root",
    "joe",
    null,
    null,
    null,
  ]);
});
