import { type Fingerprint, fingerprintPattern } from "@pstore/core/fingerprint";
import * as v from "valibot";

/** The key that the address of a page names. */
export const askedKey = v.object({
  fingerprint: v.custom<Fingerprint>((text) => typeof text === "string" && fingerprintPattern.test(text)),
});
