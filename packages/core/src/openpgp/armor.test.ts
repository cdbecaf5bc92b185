import { expect, test } from "bun:test";
import fc from "fast-check";
import { armor, dearmor } from "./armor.ts";
import { refusal } from "./gnupg-for-tests.ts";

test("armor gives back any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => {
      expect(dearmor(armor(bytes))).toEqual(bytes);
      expect(dearmor(`mail\n${armor(bytes).replaceAll("\n", "\r\n")}bye`)).toEqual(bytes);
    }),
  );
});

test("headers are passed over, with or without the checksum", () => {
  const text = armor(Uint8Array.of(1, 2, 3)).replace(
    "BLOCK-----\n",
    "BLOCK-----\nVersion: GnuPG v1.4.11 (GNU/Linux)\nComment:\n",
  );
  expect(dearmor(text)).toEqual(Uint8Array.of(1, 2, 3));
  expect(dearmor(text.replace(/^=.*\n/m, ""))).toEqual(Uint8Array.of(1, 2, 3));
});

test("what is damaged, several or no public key is refused", async () => {
  const text = armor(new Uint8Array(100).fill(7));
  expect(await refusal("unusable-key", () => dearmor(text.replace("BwcH", "CwcH")))).toContain("damaged");
  expect(await refusal("unusable-key", () => dearmor(text.replace("BwcH", "Bw!H")))).toContain("damaged");
  expect(await refusal("unusable-key", () => dearmor(text + text))).toContain("one key at a time");
  expect(await refusal("unusable-key", () => dearmor("ssh-rsa AAAA"))).toContain("no OpenPGP public key");
  expect(await refusal("unusable-key", () => dearmor(text.slice(0, -20)))).toContain("no OpenPGP public key");
  expect(await refusal("unusable-key", () => dearmor(text.replaceAll("PUBLIC", "PRIVATE")))).toContain(
    "private key",
  );
});
