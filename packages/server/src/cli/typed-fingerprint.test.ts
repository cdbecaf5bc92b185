import { expect, test } from "bun:test";
import { parseFingerprint } from "@pstore/core/fingerprint";
import { typedFingerprint } from "./typed-fingerprint.ts";

test("a fingerprint is understood as people copy it", () => {
  const ssh = "SHA256:aB3/+45678901234567890123456789012345678901";
  const [key, hex] = [parseFingerprint(`ssh:${ssh}`), "0123456789ABCDEF0123456789ABCDEF01234567"];
  expect(typedFingerprint(ssh)).toBe(key);
  expect(typedFingerprint(` ssh:${ssh} `)).toBe(key);
  for (const typed of [hex, `openpgp:${hex}`, `0x${hex.toLowerCase()}`, hex.replace(/.{4}/g, "$& ")])
    expect(typedFingerprint(typed)).toBe(parseFingerprint(`openpgp:${hex}`));
  // Base64 with another case is another key, and part of one is none.
  expect(typedFingerprint(ssh.replace("aB3", "Ab3"))).not.toBe(key);
  for (const typed of ["", "12", ssh.slice(0, -1), `${ssh}=`, ssh.slice("SHA256:".length), "MD5:0a:1b"])
    expect(() => typedFingerprint(typed)).toThrow("40 hex digits, or SHA256: and 43 characters");
});
