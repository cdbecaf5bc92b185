import type { Fingerprint } from "../fingerprint.ts";
import { Problem } from "../problem.ts";

/** @throws Problem `bad-wrapped-key` */
export function readAgeFileFor(_bytes: Uint8Array, _key: Fingerprint): void {
  throw new Problem("bad-wrapped-key", "wrapped keys for SSH keys cannot be read yet");
}
