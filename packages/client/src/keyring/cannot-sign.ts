import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import { Problem } from "@pstore/core/problem";
import type { PrivateKey } from "./keyring.ts";
import { renewal } from "./renewal.ts";

/**
 * Why a key does not sign.
 * @param own what is here of it
 * @param where "gpg", a file
 * @param remedy what to do where it is not here
 */
export function cannotSign(
  key: Fingerprint,
  own: PrivateKey | undefined,
  where: string,
  remedy: string,
): Problem {
  return new Problem(
    "no-private-key",
    own?.fault === undefined
      ? `${where} holds no usable private key to sign with for ${readable(key)}; ${remedy}`
      : `your key ${readable(key)} is ${own.fault}, so it signs nothing more; ${own.fault === "expired" ? renewal(key, "NAME") : "have a new one added at the store"}`,
  );
}
