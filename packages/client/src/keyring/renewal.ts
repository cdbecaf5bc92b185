import { type Fingerprint, isSsh, openpgpHex } from "@pstore/core/fingerprint";

/**
 * How a key lives on that ends or has ended; one of OpenSSH never does.
 * @param user whose it is at the store
 */
export function renewal(key: Fingerprint, user: string): string {
  const add = `pstore-server key add ${user} FILE`;
  if (isSsh(key)) return `have another one added at the store (${add})`;
  return `renew it (gpg --quick-set-expire ${openpgpHex(key)} 1y, and the same with '*' behind it), and have it added at the store again (${add})`;
}
