import { expect, test } from "bun:test";
import { TrustedProxies } from "./address.ts";
import { givenRequestId } from "./request-id.ts";

const trusted = new TrustedProxies();
trusted.add("192.0.2.1");
const id = "0123456789abcdef0123456789abcdef";

test("a proxy that is trusted names requests, and nobody else", () => {
  expect(givenRequestId("192.0.2.1", id, trusted)).toBe(id);
  expect(givenRequestId("::ffff:192.0.2.1", id, trusted)).toBe(id);
  expect(givenRequestId("192.0.2.2", id, trusted)).toBeNull();
  expect(givenRequestId("", id, trusted)).toBeNull();
  expect(givenRequestId("192.0.2.1", null, trusted)).toBeNull();
});

test.each([
  "",
  "1234567",
  "x".repeat(129),
  `${id} y`,
  `${id}"`,
  `${id}\\`,
  `${id}]`,
  "ünicode-id",
  `${id}\n`,
])("what could pass for more in a log is no id: %p", (given) => {
  expect(givenRequestId("192.0.2.1", given, trusted)).toBeNull();
});
