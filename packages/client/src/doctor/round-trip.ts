import { randomBytes } from "node:crypto";
import { readable } from "@pstore/core/fingerprint";
import { encryptionSubkey } from "@pstore/core/keys/usability";
import type { UserKey } from "@pstore/core/keys/user-key";
import { checkWrappedKey, wrapFor } from "@pstore/core/keys/wrapped-key";
import { openWhole, sealWhole } from "@pstore/core/openpgp/body";
import { Problem } from "@pstore/core/problem";
import type { Keyring } from "../keyring/keyring.ts";
import type { Examination } from "./examination.ts";
import { type Finding, faultBy, ok, skipped } from "./finding.ts";

const check = "round trip";

/** Whether what is encrypted to the user's keys opens here. Nothing of it is sent. */
export async function* checkRoundTrip(examination: Examination): AsyncGenerator<Finding> {
  const code = (await examination.whyNobody())?.code;
  if (code === "no-private-key" || code === "no-terminal") {
    // Whoever has just been asked for a passphrase in vain is not asked again.
    yield skipped(check, "your private key could not be used to sign in");
    return;
  }
  const here = (await examination.keys()).filter(({ isHere }) => isHere);
  const reading = here.filter(({ writeOnly }) => !writeOnly);
  if (here.length === 0) yield skipped(check, "no key is here that is known to be yours");
  else if (reading.length === 0)
    yield skipped(check, "your key is write-only, and so reads nothing", "nothing is to be done");
  for (const { fingerprint, publicKey } of reading) {
    if (publicKey === null) continue;
    const name = readable(fingerprint);
    try {
      const took = await sealAndOpen(publicKey, await examination.keyring(), `your key ${name}`);
      yield ok(check, `a value was sealed for ${name} and opened again, in ${Math.round(took)} ms`);
    } catch (error) {
      yield faultBy(check, error, "look whether what other checks say explains it");
    }
  }
}

/** @returns how long it took, in milliseconds */
async function sealAndOpen(key: UserKey, keyring: Keyring, whose: string): Promise<number> {
  const { fingerprint } = encryptionSubkey(key, new Date(), whose);
  const begin = performance.now();
  const sessionKey = randomBytes(32);
  const value = randomBytes(32);
  const body = sealWhole(sessionKey, value);
  const wrapped = await wrapFor(key, fingerprint, sessionKey);
  checkWrappedKey(wrapped, fingerprint);
  const found = await keyring.unwrap(wrapped);
  if (found === null) {
    throw new Problem(
      "no-private-key",
      `what is encrypted to ${whose} is not opened by what is here (looked at: ${keyring.lookedAt}); import its private part, subkeys included`,
    );
  }
  if (Buffer.compare(openWhole(found, body), value) !== 0)
    throw new Error("what was sealed opens as something else");
  return performance.now() - begin;
}
