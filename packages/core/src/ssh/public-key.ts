/** SSH public keys: `ssh-rsa` (RFC 4253, section 6.6) and `ssh-ed25519` (RFC 8709, section 4). */
import type { KeyPart, KeyParts } from "../keys/parts.ts";
import { Problem } from "../problem.ts";

/** A public key of OpenSSH, which has no subkeys and never expires; `bytes` are its wire form. */
export interface SshKey extends KeyParts<KeyPart> {
  readonly type: "ssh";
  readonly algorithmName: "ssh-rsa" | "ssh-ed25519";
}

/**
 * @param input a line as in `id_ed25519.pub`, or the wire form
 * @throws Problem `unusable-key`, whose sentence says why
 */
export function readSshKey(_input: string | Uint8Array, _owner?: string): SshKey {
  throw new Problem("unusable-key", "SSH keys cannot be read yet");
}

/** @throws Problem `unusable-key` when they are different keys */
export function mergeSshKeys(a: { fingerprint: string }, b: { fingerprint: string }): SshKey {
  if (a.fingerprint === b.fingerprint) return a as SshKey;
  throw new Problem(
    "unusable-key",
    `${a.fingerprint} and ${b.fingerprint} are different keys, and cannot be merged`,
  );
}
