import { expect, test } from "bun:test";
import { isFingerprint, openpgpFingerprint, openpgpHex, parseFingerprint, readable } from "./fingerprint.ts";
import { problemOf } from "./samples-for-tests.ts";

const openpgp = "openpgp:0123456789ABCDEF0123456789ABCDEF01234567";
const ssh = "ssh:SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDf1YZo7A2cK1C+/X0";

test("a fingerprint carries its type", () => {
  for (const text of [openpgp, ssh]) {
    expect(isFingerprint(text)).toBe(true);
    expect(parseFingerprint(text) as string).toBe(text);
  }
  for (const text of [
    "",
    openpgp.slice(8),
    openpgp.toLowerCase(),
    `${openpgp}0`,
    openpgp.slice(0, -1),
    `${openpgp}\n`,
    ` ${openpgp}`,
    "openpgp:0123 4567",
    // Version 5 and 6 keys have 64 digits.
    `openpgp:${"A".repeat(64)}`,
    ssh.slice(4),
    `${ssh}=`,
    ssh.slice(0, -1),
    ssh.replace("SHA256", "MD5"),
  ]) {
    expect(isFingerprint(text)).toBe(false);
    expect(problemOf(() => parseFingerprint(text)).code).toBe("bad-request");
  }
  for (const other of [null, undefined, 1, [openpgp]]) expect(isFingerprint(other)).toBe(false);
  expect(problemOf(() => parseFingerprint("x".repeat(10_000))).message.length).toBeLessThan(200);
});

test("an OpenPGP fingerprint is made from digits as people write them, and shown as gpg does", () => {
  for (const text of [
    "0123456789abcdef0123456789abcdef01234567",
    "0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567",
  ])
    expect(openpgpFingerprint(text) as string).toBe(openpgp);
  expect(problemOf(() => openpgpFingerprint("89ABCDEF01234567")).code).toBe("bad-request");
  expect(openpgpHex(openpgpFingerprint(openpgp.slice(8)))).toBe(openpgp.slice(8));
  expect(readable(parseFingerprint(openpgp))).toBe("0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567");
});

test("an SSH fingerprint is shown as ssh-keygen does", () => {
  expect(readable(parseFingerprint(ssh))).toBe(ssh.slice(4));
});
