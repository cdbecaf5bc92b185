/** Whether a wrapped key is one for an SSH key: one for an OpenPGP key begins with an octet over 127. */
export function isForSsh(wrapped: Uint8Array): boolean {
  return (wrapped[0] ?? 0) < 0x80;
}
