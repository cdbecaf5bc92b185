/** SSHSIG signatures (OpenSSH's PROTOCOL.sshsig), as `ssh-keygen -Y sign` makes them, without the armor. */
import { Problem } from "../problem.ts";
import type { SshKey } from "./public-key.ts";

/** What a text is signed for. */
export type Purpose = "login" | "commit";

/** @throws Problem `bad-signature` */
export function verifySshsig(
  _key: SshKey,
  _data: Uint8Array,
  _purpose: Purpose,
  _signature: Uint8Array,
): void {
  throw new Problem("bad-signature", "SSH signatures cannot be verified yet");
}
