// bun bench/unwrap-alone.ts KEYFILE PASSPHRASE WRAPPED: unlocks a key file once, unwraps each of the wrapped keys (a JSON array of
// base64), and prints how many it could: what a client needs its private key for, and nothing else.
import { readFileSync } from "node:fs";
import { readOpenpgpPrivateKey } from "@pstore/core/openpgp/private-key";
import { readSshPrivateKey } from "@pstore/core/ssh/private-key";

const [keyFile = "", passphrase = "", wrappedFile = ""] = process.argv.slice(2);
const wrapped = (JSON.parse(readFileSync(wrappedFile, "utf8")) as string[]).map((text) =>
  Uint8Array.from(Buffer.from(text, "base64")),
);
const unwrap = await unlocked(readFileSync(keyFile, "utf8"));
let found = 0;
for (const one of wrapped) if ((await unwrap(one)) !== null) found++;
console.log(found);

async function unlocked(text: string): Promise<(wrapped: Uint8Array) => Promise<Uint8Array | null>> {
  if (!text.includes("BEGIN PGP")) {
    const key = await readSshPrivateKey(text).unlock(passphrase || null);
    return (one) => key.unwrap(one);
  }
  const { parts } = await readOpenpgpPrivateKey(text);
  const part = parts.find((candidate) => candidate.isFor(wrapped[0] ?? new Uint8Array()));
  if (part === undefined) throw new Error("The key file holds no part for these wrapped keys.");
  if (part.isLocked && !(await part.unlock(passphrase))) throw new Error("The passphrase is wrong.");
  return async (one) => part.unwrap(one);
}
