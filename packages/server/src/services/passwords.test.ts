import { expect, test } from "bun:test";
import { checkNewPassword, hashPassword, isWeakHash, longestPassword, verifyPassword } from "./passwords.ts";

test("a password's length counts, and nothing else", () => {
  for (const good of ["aaaaaaaaaaaa", "            ", "äöüäöüäöüäöü", "x".repeat(longestPassword)])
    expect(() => checkNewPassword(good)).not.toThrow();
  // Six characters of two units each.
  for (const short of ["", "eleven char", "🔑🔑🔑🔑🔑🔑"])
    expect(() => checkNewPassword(short)).toThrow("at least 12 characters");
  expect(() => checkNewPassword("x".repeat(longestPassword + 1))).toThrow("over 1000 characters");
});

test("a hash is of one password, however its letters are composed, and of no password without one", async () => {
  const hash = await hashPassword("d\u00e9j\u00e0 vu encore");
  expect(hash).not.toContain("encore");
  expect(await verifyPassword("de\u0301ja\u0300 vu encore", hash)).toBe(true);
  expect(await verifyPassword("deja vu encore", hash)).toBe(false);
  expect(await verifyPassword("", hash)).toBe(false);
  expect(await verifyPassword("d\u00e9j\u00e0 vu encore", null)).toBe(false);
});

test("a hash is weak when it costs less than a new one", async () => {
  expect(isWeakHash(await hashPassword("twelve chars"))).toBe(false);
  for (const cost of ["m=19456,t=2", "m=65536,t=1"])
    expect(isWeakHash(`$argon2id$v=19$${cost},p=1$x$y`)).toBe(true);
  expect(isWeakHash("$argon2id$v=19$m=65536,t=2,p=1$x$y")).toBe(false);
  expect(isWeakHash("$2b$10$abc")).toBe(true);
});
