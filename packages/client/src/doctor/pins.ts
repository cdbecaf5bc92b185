import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import { isIntroducedBy, readUserKey } from "@pstore/core/keys/user-key";
import type { Pin } from "../state/pins.ts";
import type { Examination } from "./examination.ts";
import { type Finding, fault, ok, skipped, warning } from "./finding.ts";
import type { OwnKey } from "./own-keys.ts";

const check = "pins";

/** Whether the keys that the store has for the user are still those that are pinned here. */
export async function* checkPins(examination: Examination): AsyncGenerator<Finding> {
  const { user, pinned } = examination;
  if (pinned.length === 0) {
    yield ok(check, "no key of yours is pinned yet");
    return;
  }
  const names = listed(pinned);
  if ((await examination.orNobody()) === null) {
    yield skipped(check, `nobody is signed in to compare with what is pinned, ${names}`);
    return;
  }
  const served = await examination.keys();
  const unbelieved: OwnKey[] = [];
  for (const key of served) if (!(await isBelieved(key, pinned))) unbelieved.push(key);
  const isFurther = ({ isHere, fingerprint }: OwnKey) =>
    isHere && pinned.every((pin) => pin.fingerprint !== fingerprint);
  const strange = unbelieved.filter((key) => !isFurther(key));
  const further = unbelieved.filter(isFurther);
  if (strange.length > 0) {
    yield fault(
      check,
      `YOUR KEYS HAVE CHANGED: ${names} is pinned, and the store has ${listed(strange)}, or it with other rights`,
      `if that is yours, run pstore --trust ${user} (and --rewrap, to read with a new key), else ask who runs the server`,
    );
  }
  if (further.length > 0)
    yield warning(
      check,
      `a further key of yours is here and at the store, ${listed(further)}, and nothing is encrypted to it yet`,
      "run pstore --rewrap",
    );
  const gone = pinned.filter((pin) => served.every((key) => key.fingerprint !== pin.fingerprint));
  const inUse = gone.filter(({ fingerprint }) => examination.lists(fingerprint));
  if (inUse.length > 0 || (gone.length > 0 && gone.length === pinned.length)) {
    yield warning(
      check,
      `the store has ${listed(gone)} no more, which is pinned as yours${inUse.length > 0 ? ", and machines list" : ""}`,
      "run pstore --rewrap if you had it replaced, and else ask who runs the server",
    );
  } else if (strange.length + further.length === 0) {
    const rest = pinned.filter((pin) => !gone.includes(pin));
    const replaced = gone.length === 0 ? "" : `; no machine lists ${listed(gone)} any more, which it has not`;
    yield ok(check, `the store has what is pinned as yours: ${listed(rest)}${replaced}`);
  }
}

function listed(keys: readonly { readonly fingerprint: Fingerprint }[]): string {
  return keys.map(({ fingerprint }) => readable(fingerprint)).join(", ");
}

/** Whether a key is pinned with the same rights, or a pinned one speaks for it. */
async function isBelieved(key: OwnKey, pinned: readonly Pin[]): Promise<boolean> {
  const pin = pinned.find(({ fingerprint }) => fingerprint === key.fingerprint);
  if (pin !== undefined) return pin.writeOnly === key.writeOnly;
  for (const { certificate, writeOnly } of pinned) {
    if (key.publicKey === null || (writeOnly && !key.writeOnly)) continue;
    if (await isIntroducedBy(key.publicKey, await readUserKey(certificate))) return true;
  }
  return false;
}
