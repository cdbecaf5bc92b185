/**
 * The outer shape of OpenPGP packets (RFC 9580, section 4.2), read by ourselves.
 *
 * Programs disagree about what stands around the packet that they expect: GnuPG 2.2 prints a foreign message that
 * hides the true body in a packet of an unknown type, and reports success. So whatever a server sends is checked
 * here, to be exactly one packet of exactly the kind expected, before another program sees a byte of it.
 */
import { type Fingerprint, openpgpHex } from "../fingerprint.ts";
import { Problem, type ProblemCode } from "../problem.ts";

/** Packet types (RFC 9580, section 5). */
export const tags = {
  wrappedKey: 1,
  signature: 2,
  secretKey: 5,
  publicKey: 6,
  secretSubkey: 7,
  marker: 10,
  literal: 11,
  trust: 12,
  userId: 13,
  publicSubkey: 14,
  userAttribute: 17,
  body: 18,
} as const;

/** What was expected, and how to say that it is not there. */
export interface Expected {
  tag: number;
  code: ProblemCode;
  /** a noun for sentences, for example "the encrypted value" */
  what: string;
  /** whether the packet may come in partial lengths (RFC 9580, section 4.2.1.4) */
  partial: boolean;
}

/**
 * Reads one packet piece by piece, in constant memory: octets in, contents out.
 * Indeterminate lengths are refused, since such a packet proves nothing about what follows it.
 */
export class PacketReader {
  readonly #expected: Expected;
  readonly #header = new Uint8Array(6);
  #headerLength = 0;
  /** content octets still to come before the next length or the end */
  #remaining = 0;
  #state: "tag" | "length" | "content" | "done" = "tag";
  #last = false;
  #firstLength = true;
  #legacy = false;

  constructor(expected: Expected) {
    this.#expected = expected;
  }

  get done(): boolean {
    return this.#state === "done";
  }

  /**
   * @param content is called with views into `bytes`, valid only during the call
   * @returns how many octets belonged to the packet: fewer than given when it ended before
   * @throws Problem as in `expected`
   */
  push(bytes: Uint8Array, content: (piece: Uint8Array) => void): number {
    let offset = 0;
    while (offset < bytes.length && this.#state !== "done") {
      if (this.#state === "content") {
        const end = Math.min(bytes.length, offset + this.#remaining);
        content(bytes.subarray(offset, end));
        this.#remaining -= end - offset;
        offset = end;
        if (this.#remaining === 0) this.#next();
      } else {
        this.#readHeader(bytes[offset++] as number);
      }
    }
    return offset;
  }

  /** @throws Problem as in `expected` when the packet has not ended */
  end(): void {
    if (!this.done) throw this.#refusal("it ends too early");
  }

  #next(): void {
    this.#state = this.#last ? "done" : "length";
    this.#headerLength = 0;
  }

  #readHeader(octet: number): void {
    if (this.#state === "tag") {
      if ((octet & 0x80) === 0) throw this.#refusal("it does not begin with an OpenPGP packet");
      this.#legacy = (octet & 0x40) === 0;
      const tag = this.#legacy ? (octet >> 2) & 15 : octet & 63;
      if (tag !== this.#expected.tag) {
        throw this.#refusal(`a packet of type ${tag} stands where one of type ${this.#expected.tag} is due`);
      }
      if (this.#legacy && (octet & 3) === 3) throw this.#refusal("its length is indeterminate");
      this.#legacyOctets = 1 << (octet & 3);
      this.#state = "length";
      return;
    }
    this.#header[this.#headerLength++] = octet;
    const length = this.#legacy ? this.#legacyLength() : this.#length();
    if (length === undefined) return;
    this.#remaining = length;
    this.#firstLength = false;
    if (length === 0) this.#next();
    else this.#state = "content";
  }

  #legacyOctets = 1;

  /** RFC 9580, section 4.2.2. */
  #legacyLength(): number | undefined {
    if (this.#headerLength < this.#legacyOctets) return undefined;
    this.#last = true;
    let length = 0;
    for (let i = 0; i < this.#legacyOctets; i++) length = length * 256 + (this.#header[i] as number);
    return length;
  }

  /** RFC 9580, section 4.2.1. */
  #length(): number | undefined {
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = this.#header;
    if (a >= 224 && a < 255) {
      const length = 2 ** (a & 31);
      if (!this.#expected.partial) throw this.#refusal("it comes in partial lengths");
      if (this.#firstLength && length < 512) throw this.#refusal("its first partial length is under 512");
      this.#last = false;
      return length;
    }
    this.#last = true;
    if (a < 192) return a;
    if (a < 224) return this.#headerLength < 2 ? undefined : (a - 192) * 256 + b + 192;
    return this.#headerLength < 5 ? undefined : ((b * 256 + c) * 256 + d) * 256 + e;
  }

  #refusal(why: string): Problem {
    return badPacket(this.#expected, why);
  }
}

function badPacket(expected: Expected, why: string): Problem {
  return new Problem(
    expected.code,
    `${expected.what} is not the one OpenPGP packet that it should be (${why}): it is damaged, or was tampered with`,
  );
}

/**
 * The content of the one packet that `bytes` must be, with nothing in front of or behind it.
 * @throws Problem as in `expected`
 */
export function readOnePacket(bytes: Uint8Array, expected: Expected): Uint8Array {
  const reader = new PacketReader(expected);
  const pieces: Uint8Array[] = [];
  const used = reader.push(bytes, (piece) => pieces.push(piece));
  reader.end();
  if (used !== bytes.length) throw badPacket(expected, "something stands behind it");
  return concat(pieces);
}

/** A packet of a row of packets. */
export interface RawPacket {
  tag: number;
  content: Uint8Array;
  /** header and content, as they came */
  whole: Uint8Array;
}

/**
 * Divides a row of packets of definite lengths (a key block, say).
 * @throws Problem as in `expected`
 */
export function splitPackets(bytes: Uint8Array, expected: Pick<Expected, "code" | "what">): RawPacket[] {
  const packets: RawPacket[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const first = rest[0] as number;
    const tag = (first & 0x40) === 0 ? (first >> 2) & 15 : first & 63;
    const reader = new PacketReader({ ...expected, tag, partial: false });
    const pieces: Uint8Array[] = [];
    const used = reader.push(rest, (piece) => pieces.push(piece));
    reader.end();
    packets.push({ tag, content: concat(pieces), whole: rest.slice(0, used) });
    rest = rest.subarray(used);
  }
  return packets;
}

/** What a wrapped key says in clear about the key that it is for. */
export interface Pkesk {
  /** 16 upper-case hex digits */
  keyId: string;
  /** RFC 9580, section 9.1: 1 is RSA, 18 is ECDH */
  algorithm: number;
}

const wrappedKey: Expected = {
  tag: tags.wrappedKey,
  code: "bad-wrapped-key",
  what: "the wrapped key",
  partial: false,
};

/**
 * Reads a wrapped key: exactly one public-key encrypted session key packet of version 3 (RFC 9580, section
 * 5.1.1) and definite length, that names its key (the wildcard 0 is refused), for RSA or ECDH.
 * @throws Problem `bad-wrapped-key`
 */
export function readPkesk(bytes: Uint8Array): Pkesk {
  const content = readOnePacket(bytes, wrappedKey);
  if (content[0] !== 3) throw badPacket(wrappedKey, "it is not of version 3");
  const algorithm = content[9];
  if (algorithm === undefined) throw badPacket(wrappedKey, "it ends too early");
  const keyId = hex(content.subarray(1, 9));
  if (keyId === "0000000000000000") throw badPacket(wrappedKey, "it does not say which key it is for");
  // One MPI (section 3.2) of RSA; one MPI and a string with a length octet of ECDH (sections 5.1.3 and 5.1.5).
  let end = 12 + Math.ceil((((content[10] ?? 0) << 8) | (content[11] ?? 0)) / 8);
  if (algorithm === 18) end += 1 + (content[end] ?? 0);
  else if (algorithm !== 1) throw badPacket(wrappedKey, `its algorithm ${algorithm} is unknown`);
  if (end !== content.length) throw badPacket(wrappedKey, "its fields do not fill it");
  return { keyId, algorithm };
}

/**
 * Reads a wrapped key and checks that it is for this very (sub)key, as far as its 64-bit key id tells.
 * @throws Problem `bad-wrapped-key`
 */
export function readPkeskFor(bytes: Uint8Array, subkey: Fingerprint): Pkesk {
  const pkesk = readPkesk(bytes);
  if (pkesk.keyId !== openpgpHex(subkey).slice(-16)) {
    throw new Problem(
      "bad-wrapped-key",
      `the wrapped key is for the key ${pkesk.keyId} and not for ${subkey}: it is damaged, or was tampered with`,
    );
  }
  return pkesk;
}

const body: Expected = { tag: tags.body, code: "bad-body", what: "the encrypted value", partial: true };

/**
 * Proves, piece by piece and in constant memory, that a body is exactly one encrypted data packet (SEIPD) of
 * version 1 (RFC 9580, section 5.13.1), with nothing in front of or behind it.
 */
export class BodyFraming {
  readonly #reader = new PacketReader(body);
  #versionSeen = false;

  /**
   * @param ciphertext is called with views into `bytes`, the version octet left out
   * @throws Problem `bad-body`
   */
  push(bytes: Uint8Array, ciphertext: (piece: Uint8Array) => void = () => {}): void {
    const used = this.#reader.push(bytes, (piece) => {
      if (this.#versionSeen) return ciphertext(piece);
      if (piece[0] !== 1) throw badPacket(body, "it is not of version 1");
      this.#versionSeen = true;
      if (piece.length > 1) ciphertext(piece.subarray(1));
    });
    if (used !== bytes.length) throw badPacket(body, "something stands behind it");
  }

  /** @throws Problem `bad-body` when the body ended too early */
  end(): void {
    this.#reader.end();
    if (!this.#versionSeen) throw badPacket(body, "it is empty");
  }
}

/** A new-format packet of definite length. */
export function packet(tag: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  return concat([Uint8Array.of(0xc0 | tag), lengthOctets(content.length), content]);
}

/** A definite length in the new format, as short as can be (RFC 9580, section 4.2.1). */
export function lengthOctets(length: number): Uint8Array {
  if (length < 192) return Uint8Array.of(length);
  if (length < 8384) return Uint8Array.of(192 + ((length - 192) >> 8), (length - 192) & 255);
  return Uint8Array.of(255, length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255);
}

export function concat(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .toUpperCase();
}
