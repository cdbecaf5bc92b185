/** Wrapping a session key for an SSH key: an age file. Its stanza is in stanza.ts, its reading in age-file.ts. */
import { Decrypter, Encrypter, Stanza } from "age-encryption";
import { type AgeStanza, encode, readAgeFileFor } from "./age-file.ts";
import type { SshKey } from "./public-key.ts";
import { damaged, type StanzaOpener, unwrapFileKey, wrapFileKey } from "./stanza.ts";

/**
 * A wrapped key: an age file with exactly one stanza, for exactly this key.
 * @param sessionKey 32 bytes
 */
export async function wrapForSsh(key: SshKey, sessionKey: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  if (sessionKey.length !== 32) throw new TypeError(`a session key has 32 bytes, not ${sessionKey.length}`);
  const encrypter = new Encrypter();
  encrypter.addRecipient({ wrapFileKey: (fileKey) => [written(wrapFileKey(key, fileKey))] });
  const wrapped = Uint8Array.from(await encrypter.encrypt(sessionKey));
  // What readers will refuse must not be written.
  readAgeFileFor(wrapped, key.fingerprint);
  return wrapped;
}

/**
 * The session key (32 bytes) of a wrapped key.
 * @param open of the private part of the key, which was checked to belong to it
 * @throws Problem `bad-wrapped-key`
 */
export async function unwrapWithSsh(
  key: SshKey,
  open: StanzaOpener,
  wrapped: Uint8Array,
): Promise<Uint8Array> {
  const fileKey = unwrapFileKey(open, readAgeFileFor(wrapped, key.fingerprint));
  const decrypter = new Decrypter();
  decrypter.addIdentity({ unwrapFileKey: () => fileKey });
  return await decrypter.decrypt(wrapped).catch(() => {
    throw damaged();
  });
}

function written({ type, tag, ephemeralShare, body }: AgeStanza): Stanza {
  return new Stanza([type, tag, ...(ephemeralShare === null ? [] : [encode(ephemeralShare)])], body);
}
