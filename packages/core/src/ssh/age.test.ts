/** What this folder writes, Debian's age reads, and the reverse. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { SshFolder } from "./ssh-for-tests.ts";
import { wrapForSsh } from "./wrapped-key.ts";

const folder = new SshFolder();
const sessionKey = Uint8Array.from(randomBytes(32));
afterAll(() => folder.close());

for (const [name, ...args] of [
  ["ed25519", "-t", "ed25519"],
  ["rsa2048", "-t", "rsa", "-b", "2048"],
  ["rsa3072", "-t", "rsa", "-b", "3072"],
] as const) {
  describe(name, () => {
    beforeAll(() => folder.generate(name, args));

    test("age opens ours", async () => {
      const wrapped = await wrapForSsh(folder.publicKey(name), sessionKey);
      const opened = folder.run("age", ["-d", "-i", folder.at(name)], wrapped);
      expect(Uint8Array.from(opened)).toEqual(sessionKey);
    });

    test("ours opens age's", async () => {
      const wrapped = folder.run("age", ["-R", folder.at(`${name}.pub`)], sessionKey);
      const key = await folder.privateKey(name);
      expect(await key.unwrap(wrapped)).toEqual(sessionKey);
    });
  });
}

test("age opens ours with a key that has a passphrase", async () => {
  folder.generate("locked", ["-t", "ed25519"], "secret");
  const file = folder.write("file", await wrapForSsh(folder.publicKey("locked"), sessionKey));
  // It asks at its terminal, whatever its standard input is.
  let shown = "";
  let isAsked = false;
  const age = Bun.spawn(["age", "-d", "-i", folder.at("locked"), "-o", folder.at("opened"), file], {
    terminal: {
      data: (terminal, bytes) => {
        shown += Buffer.from(bytes).toString();
        if (isAsked || !shown.includes("passphrase")) return;
        isAsked = true;
        terminal.write("secret\r");
      },
    },
  });
  expect(await age.exited).toBe(0);
  expect(isAsked).toBe(true);
  expect(Uint8Array.from(readFileSync(folder.at("opened")))).toEqual(sessionKey);
});
