import { type Fingerprint, openpgpFingerprint } from "@pstore/core/fingerprint";
import type { PrivateKey } from "../keyring.ts";

/** A line of `gpg --status-fd` (GnuPG, doc/DETAILS, "Format of the --status-fd output"). */
export interface StatusLine {
  readonly keyword: string;
  readonly words: readonly string[];
}

const prefix = "[GNUPG:] ";

/** The status lines in what gpg wrote; anything else is passed over. */
export function parseStatus(text: string): readonly StatusLine[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith(prefix))
    .map((line) => {
      const [keyword = "", ...words] = line.slice(prefix.length).trimEnd().split(" ");
      return { keyword, words };
    });
}

const aes256 = /^9:([0-9A-F]{64})$/;

/** The session key (32 bytes, AES-256) that gpg found; `null` unless there is exactly one such line. */
export function sessionKeyOf(status: readonly StatusLine[]): Uint8Array | null {
  const lines = status.filter(({ keyword }) => keyword === "SESSION_KEY");
  const [, hex] = aes256.exec(lines[0]?.words[0] ?? "") ?? [];
  return lines.length === 1 && hex !== undefined ? Buffer.from(hex, "hex") : null;
}

/** Why gpg failed, in its own terms, as far as the status lines tell. */
export function reasonOf(status: readonly StatusLine[]): string {
  const errors = status.filter(({ keyword }) => keyword === "ERROR" || keyword === "FAILURE");
  // The lower 16 bits of a code are what went wrong (libgpg-error, err-codes.h), the upper ones who says so.
  const codes = errors.map(({ words }) => Number(words[1]));
  if (codes.some(isOfTerminal))
    return "pinentry has no terminal to ask for the passphrase at; unlock the key beforehand, at one (gpg-agent keeps it), or give the key's file as --identity, with PSTORE_PASSPHRASE_FILE";
  const known = codes.map((code) => reasons.get(code & 0xffff)).find((reason) => reason !== undefined);
  if (known !== undefined) return known;
  if (status.some(({ keyword }) => keyword === "NO_SECKEY" || keyword === "INV_SGNR"))
    return "the private key is not here";
  return "gpg gave no reason; try gpg --sign by hand to see it";
}

/** Whether pinentry says that something of the system failed, which is the terminal that it wants to open. */
function isOfTerminal(code: number): boolean {
  return ((code >>> 24) & 0x7f) === pinentry && (code & 0x8000) !== 0;
}

/** The part of GnuPG that says so (libgpg-error, err-sources.h). */
const pinentry = 5;

const reasons: ReadonlyMap<number, string> = new Map([
  [11, "the passphrase is wrong"],
  [17, "the private key is not here"],
  [54, "the key is not usable for this"],
  [77, "there is no agent"],
  [85, "there is no pinentry to ask for the passphrase; install one, or see pstore --doctor"],
  [99, "the passphrase was not given"],
  [114, "the passphrase was not given"],
  [153, "the key has expired"],
  [198, "pinentry was cancelled"],
]);

/** Field numbers of `--with-colons` (GnuPG, doc/DETAILS, "Format of the colon listings"), from 0. */
const field = { validity: 1, capabilities: 11, token: 14, userId: 9, fingerprint: 9 } as const;

const faults = new Map([
  ["e", "expired"],
  ["r", "revoked"],
] as const) as ReadonlyMap<string, "expired" | "revoked">;

/** The private keys in a listing by `gpg --list-secret-keys --with-colons`; expired, revoked and disabled ones too. */
export function parseSecretKeys(listing: string): readonly PrivateKey[] {
  const keys: {
    fingerprint: Fingerprint | null;
    signing: Fingerprint[];
    userIds: string[];
    fault?: "expired" | "revoked";
  }[] = [];
  let part: { isPrimary: boolean; canSign: boolean } | null = null;
  for (const line of listing.split("\n")) {
    const fields = line.split(":");
    const key = keys.at(-1);
    if (fields[0] === "sec" || fields[0] === "ssb") {
      const isPrimary = fields[0] === "sec";
      if (isPrimary) {
        const fault = faults.get(fields[field.validity] ?? "");
        keys.push({ fingerprint: null, signing: [], userIds: [], ...(fault === undefined ? {} : { fault }) });
      }
      // `#`: the private part is elsewhere. Small letters are the part's own capabilities, capitals the whole key's.
      const isHere = fields[field.token] !== "#";
      const isGood = !/[reid]/.test(fields[field.validity] ?? "");
      part = { isPrimary, canSign: isHere && isGood && (fields[field.capabilities] ?? "").includes("s") };
    } else if (fields[0] === "fpr" && part !== null && key !== undefined) {
      const fingerprint = openpgpFingerprint(fields[field.fingerprint] ?? "");
      if (part.isPrimary) key.fingerprint = fingerprint;
      // The newest signing subkey stands last, and is the one that gpg itself would take.
      if (part.canSign) key.signing.unshift(fingerprint);
      part = null;
    } else if (fields[0] === "uid" && key !== undefined) {
      key.userIds.push(fields[field.userId] ?? "");
    }
  }
  return keys.flatMap(({ fingerprint, ...rest }) => (fingerprint === null ? [] : [{ fingerprint, ...rest }]));
}
