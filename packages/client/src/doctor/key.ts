import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import { encryptionSubkey, expiresWithin, signingParts } from "@pstore/core/keys/usability";
import type { UserKey } from "@pstore/core/keys/user-key";
import { renewal } from "../keyring/renewal.ts";
import { expiryWarningDays, whenIn } from "../store/expiry.ts";
import type { Examination } from "./examination.ts";
import { type Finding, fault, faultBy, ok, skipped, warning } from "./finding.ts";
import type { OwnKey } from "./own-keys.ts";

/** Whether the user signs in, and how each of their keys fares. */
export async function* checkKey(examination: Examination): AsyncGenerator<Finding> {
  let signer: Fingerprint | null = null;
  if (examination.whyUnknown === null) {
    try {
      const { key, took } = await examination.signedIn();
      signer = key;
      yield ok("sign-in", `as '${examination.user}' with ${readable(key)}, in ${Math.round(took)} ms`);
    } catch (error) {
      yield faultBy("sign-in", error);
    }
  } else yield skipped("sign-in", examination.whyUnknown);
  const keys = await examination.keys();
  if (keys.length === 0) yield skipped("key", "none is known to be yours before you have signed in once");
  if (keys.length > 0 && keys.every(({ isHere }) => !isHere)) {
    const nowhere = `no private part of your keys is here (looked at: ${(await examination.keyring()).lookedAt})`;
    yield fault("key", nowhere, "import it, or give --identity or --user");
  }
  const place = signer === null ? "pinned" : "at the store";
  for (const key of keys) {
    const finding = findingOf(key, examination.user ?? "NAME", place, new Date());
    // Another one does its work.
    const isSpare = signer !== null && key.fingerprint !== signer;
    yield isSpare && finding.status === "fault" ? { ...finding, status: "warning" } : finding;
  }
}

function findingOf(key: OwnKey, user: string, place: string, now: Date): Finding {
  const check = "key";
  const { fingerprint, publicKey, writeOnly, isHere } = key;
  const name = readable(fingerprint);
  if (publicKey === null) return faultBy(check, key.problem, "have it added at the store anew");
  const kind = `${name} (${publicKey.algorithm}${writeOnly ? ", write-only" : ""})`;
  if (!isHere) return ok(check, `${kind} is ${place} too, and its private part is not here`);
  const remedy = renewal(fingerprint, user);
  try {
    const whose = `your key ${name}`;
    signingParts(publicKey, now, whose);
    if (!writeOnly) encryptionSubkey(publicKey, now, whose);
  } catch (error) {
    return faultBy(check, error, remedy);
  }
  const soon = expiresWithin(publicKey, expiryWarningDays, now);
  if (soon === null) return ok(check, `${kind} is here and ${place}, and ${endOf(publicKey)}`);
  return warning(check, `${kind} is here and ${place}, and expires ${whenIn(soon, now)}`, remedy);
}

function endOf({ expires }: UserKey): string {
  return expires === null ? "never expires" : `expires on ${dateOf(expires)}`;
}

function dateOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
