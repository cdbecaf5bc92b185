import type { SshKey } from "./public-key.ts";

/** @param sessionKey 32 bytes */
export async function wrapForSsh(_key: SshKey, _sessionKey: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  throw new Error("not yet");
}
