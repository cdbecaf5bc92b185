/**
 * Wrapped keys for SSH keys: age files (age-encryption.org/v1, C2SP's age.md), read by ourselves.
 *
 * An age file may hold stanzas for many keys, and a payload of any length. Here it holds one stanza and 32 bytes, and a
 * reader must be sure of that before another program or library sees a byte: see openpgp/packet.ts.
 */
import type { Fingerprint } from "../fingerprint.ts";
import { Problem } from "../problem.ts";

/** The only stanza of a wrapped key. */
export interface AgeStanza {
  readonly type: "ssh-rsa" | "ssh-ed25519";
  /** the first four bytes of the SHA-256 of the key, in base64 */
  readonly tag: string;
  /** 32 bytes, of `ssh-ed25519` alone */
  readonly ephemeralShare: Uint8Array | null;
  /** the wrapped file key: 32 bytes, of `ssh-rsa` as many as the key has */
  readonly body: Uint8Array;
}

/** Nonce, session key and authentication code. */
const payloadLength = 16 + 32 + 16;

const header =
  /^age-encryption\.org\/v1\n-> (ssh-rsa|ssh-ed25519) ([A-Za-z0-9+/]{6})(?: ([A-Za-z0-9+/]{43}))?\n((?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{0,63})\n--- ([A-Za-z0-9+/]{43})\n/;

/**
 * Proves that bytes are an age file with one stanza for an SSH key and a payload of 32 bytes, and nothing else.
 * @throws Problem `bad-wrapped-key`
 */
export function readAgeFile(bytes: Uint8Array): AgeStanza {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  const found = header.exec(text);
  if (found === null) throw refused("it is no age file with one stanza for an SSH key");
  const [whole, type, tag = "", share, lines = "", mac = ""] = found;
  if (bytes.length - whole.length !== payloadLength)
    throw refused("its payload is not as long as that of a session key");
  decode(tag);
  decode(mac);
  const body = decode(lines.replaceAll("\n", ""));
  if (type === "ssh-rsa") {
    if (share !== undefined) throw refused("its stanza has one word too many");
    // Of keys of 2048 to 16384 bits.
    if (body.length < 256 || body.length > 2048) throw refused("its stanza's length fits no RSA key");
    return { type, tag, ephemeralShare: null, body };
  }
  if (share === undefined) throw refused("its stanza has one word too few");
  if (body.length !== 32) throw refused("its stanza's length is wrong");
  return { type: "ssh-ed25519", tag, ephemeralShare: decode(share), body };
}

/**
 * Reads a wrapped key and checks that it is for this very key, as far as its tag of 32 bits tells.
 * @throws Problem `bad-wrapped-key`
 */
export function readAgeFileFor(bytes: Uint8Array, key: Fingerprint): AgeStanza {
  const stanza = readAgeFile(bytes);
  if (stanza.tag !== tagOf(key)) {
    throw new Problem(
      "bad-wrapped-key",
      `the wrapped key is for another key than ${key}: it is damaged, or was tampered with`,
    );
  }
  return stanza;
}

/** How a stanza names its key: by the first four bytes of the digest that is also its fingerprint. */
export function tagOf(key: Fingerprint): string {
  const digest = Buffer.from(key.slice("ssh:SHA256:".length), "base64");
  return encode(digest.subarray(0, 4));
}

/** Base64 without padding, as age writes it. */
export function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64").replace(/=+$/, "");
}

function decode(base64: string): Uint8Array {
  const bytes = Uint8Array.from(Buffer.from(base64, "base64"));
  if (encode(bytes) !== base64) throw refused("its base64 is not in its one form");
  return bytes;
}

function refused(why: string): Problem {
  return new Problem("bad-wrapped-key", `the wrapped key is refused: ${why}`);
}
