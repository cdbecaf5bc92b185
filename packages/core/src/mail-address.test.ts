import { expect, test } from "bun:test";
import { isMailAddress } from "./mail-address.ts";

test.each(["joe@example.com", "joe+pstore@localhost", "o'neill@a-b.example", "x@xn--bcher-kva.example"])(
  "is an address: %s",
  (text) => {
    expect(isMailAddress(text)).toBe(true);
  },
);

test.each([
  "",
  "joe",
  "joe@",
  "@example.com",
  "joe@example.com\n",
  "joe@example.com\r\nBcc: eve@example.com",
  "joe@example.com, eve@example.com",
  "Joe <joe@example.com>",
  "<joe@example.com>",
  "joe@example.com> SIZE=1",
  '"joe eve"@example.com',
  "joe @example.com",
  "joe@-example.com",
  "joe@example..com",
  "joe@[127.0.0.1]",
  "jöe@example.com",
  "joe@exämple.com",
  `${"x".repeat(250)}@a.de`,
])("is none: %j", (text) => {
  expect(isMailAddress(text)).toBe(false);
});
