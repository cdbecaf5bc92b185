/**
 * The body of an encrypted value: one encrypted data packet (SEIPD version 1, RFC 9580, section 5.13.1) under
 * AES-256, holding one literal data packet (section 5.9; binary, no file name, date 0), not compressed. Put
 * behind a wrapped key it is an ordinary OpenPGP message.
 *
 * Padding: a body of a value under 4096 bytes is as long as the smallest multiple of 256 that leaves 32 bytes or
 * more for padding, so that the length of a password does not show: values of 0-172 bytes give 256, of 173-427
 * bytes 512, and so on to 4352. Bodies of larger values are not padded, and come in partial lengths of 64 KiB
 * once they exceed that.
 *
 * The padding is marker packets (section 5.8: "PGP", to be ignored by whoever reads one) *behind* the literal
 * packet, of 5 and 9 bytes, which together make every length from 32 on. The padding packet of RFC 9580 (21)
 * would be the obvious choice, but sqop 0.27 refuses it wherever it stands, and rnp 0.16 in front of the literal
 * packet; of markers in front rnp warns. Markers behind are passed over in silence by GnuPG, OpenPGP.js, sqop
 * and rnp alike. A file name as padding would do, too, until somebody's gpg.conf says `use-embedded-filename`.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { Problem } from "../problem.ts";
import { BodyFraming, concat, lengthOctets, PacketReader, packet, tags } from "./packet.ts";

/** Values of this many bytes and more are neither padded nor held back. */
const paddedBelow = 4096;
const padStep = 256;
const leastPadding = 32;
const partialSize = 65536;
const partialOctet = 0xe0 | 16;

const shortMarker = Uint8Array.of(0xc0 | tags.marker, 3, 0x50, 0x47, 0x50);
const longMarker = Uint8Array.of(0xc0 | tags.marker, 255, 0, 0, 0, 3, 0x50, 0x47, 0x50);

/** Format b (binary), a file name of length 0, date 0. */
const literalHeader = Uint8Array.of(0x62, 0, 0, 0, 0, 0);
const mdcHeader = Uint8Array.of(0xd3, 0x14);
const mdcLength = 22;
/** One block of random octets, and its last two again. */
const prefixLength = 18;

/**
 * Encrypts one value, piece by piece; memory does not grow with the value.
 * The caller takes a fresh random session key for every value and never uses it again.
 */
export class BodySealer {
  readonly #cipher;
  readonly #mdc = createHash("sha1");
  readonly #literal = new PartialWriter(tags.literal);
  readonly #body = new PartialWriter(tags.body);
  #held: Uint8Array[] = [];
  #heldLength = 0;
  #streaming = false;

  /** @param sessionKey 32 bytes */
  constructor(sessionKey: Uint8Array) {
    this.#cipher = createCipheriv("aes-256-cfb", checkedKey(sessionKey), new Uint8Array(16));
  }

  /** @returns the next bytes of the body, often none */
  update(chunk: Uint8Array): Uint8Array<ArrayBuffer> {
    if (this.#streaming) return concat(this.#stream([chunk]));
    this.#heldLength += chunk.length;
    if (this.#heldLength < paddedBelow) {
      this.#held.push(Uint8Array.from(chunk));
      return new Uint8Array(0);
    }
    this.#streaming = true;
    const out = this.#body.push(Uint8Array.of(1));
    out.push(...this.#encrypt([randomPrefix()]));
    out.push(...this.#stream([literalHeader, ...this.#held, chunk]));
    this.#held = [];
    return concat(out);
  }

  /** @returns the last bytes of the body */
  final(): Uint8Array<ArrayBuffer> {
    if (!this.#streaming) return this.#whole();
    const out = this.#encrypt(this.#literal.end());
    this.#mdc.update(mdcHeader);
    out.push(...this.#body.push(this.#cipher.update(concat([mdcHeader, this.#mdc.digest()]))));
    out.push(...this.#body.push(this.#cipher.final()));
    out.push(...this.#body.end());
    return concat(out);
  }

  #whole(): Uint8Array<ArrayBuffer> {
    const literal = packet(tags.literal, concat([literalHeader, ...this.#held]));
    // Type and two length octets, the version octet, the random prefix, the packets, the MDC.
    const unpadded = 3 + 1 + prefixLength + literal.length + mdcLength;
    const padded = Math.ceil((unpadded + leastPadding) / padStep) * padStep;
    const plain = concat([randomPrefix(), literal, ...markers(padded - unpadded), mdcHeader]);
    const mdc = this.#mdc.update(plain).digest();
    return packet(
      tags.body,
      concat([Uint8Array.of(1), this.#cipher.update(plain), this.#cipher.update(mdc), this.#cipher.final()]),
    );
  }

  #stream(value: Uint8Array[]): Uint8Array[] {
    return value.flatMap((piece) => this.#encrypt(this.#literal.push(piece)));
  }

  #encrypt(plain: Uint8Array[]): Uint8Array[] {
    return plain.flatMap((piece) => {
      this.#mdc.update(piece);
      return this.#body.push(this.#cipher.update(piece));
    });
  }
}

/** Frames the content of one packet of unknown length in partial lengths (RFC 9580, section 4.2.1.4). */
class PartialWriter {
  readonly #tag: number;
  #started = false;
  /** Never empty once there was content: the last length, which must not be a partial one, needs some to announce. */
  readonly #pending = new Uint8Array(partialSize);
  #pendingLength = 0;

  constructor(tag: number) {
    this.#tag = tag;
  }

  push(content: Uint8Array): Uint8Array[] {
    const out: Uint8Array[] = [];
    let offset = 0;
    while (offset < content.length) {
      if (this.#pendingLength === partialSize) {
        // The buffer is used again before the caller is done with this.
        out.push(this.#header(partialOctet), this.#pending.slice());
        this.#pendingLength = 0;
      }
      while (this.#pendingLength === 0 && content.length - offset > partialSize) {
        out.push(this.#header(partialOctet), content.subarray(offset, offset + partialSize));
        offset += partialSize;
      }
      const end = Math.min(content.length, offset + partialSize - this.#pendingLength);
      this.#pending.set(content.subarray(offset, end), this.#pendingLength);
      this.#pendingLength += end - offset;
      offset = end;
    }
    return out;
  }

  end(): Uint8Array[] {
    return [this.#header(...lengthOctets(this.#pendingLength)), this.#pending.slice(0, this.#pendingLength)];
  }

  #header(...length: number[]): Uint8Array {
    if (this.#started) return Uint8Array.from(length);
    this.#started = true;
    return Uint8Array.of(0xc0 | this.#tag, ...length);
  }
}

/**
 * Decrypts one body, piece by piece, in constant memory, and refuses whatever the sealer would not have made.
 * What `update` returns is not authenticated before `final` has returned: a caller that shows it earlier must
 * have checked the bytes of the body against a digest that it trusts.
 */
export class BodyOpener {
  readonly #framing = new BodyFraming();
  readonly #decipher;
  readonly #mdc = createHash("sha1");
  /** The last octets so far, which may turn out to be the MDC. */
  #tail = new Uint8Array(0);
  readonly #prefix = new Uint8Array(prefixLength);
  #prefixSeen = 0;
  readonly #literal = new PacketReader({ ...inside, tag: tags.literal, partial: true });
  #headerSeen = 0;
  #marker: PacketReader | undefined;
  #markerSeen = 0;

  /** @param sessionKey 32 bytes */
  constructor(sessionKey: Uint8Array) {
    this.#decipher = createDecipheriv("aes-256-cfb", checkedKey(sessionKey), new Uint8Array(16));
  }

  /**
   * @returns the next bytes of the value
   * @throws Problem `bad-body`
   */
  update(chunk: Uint8Array): Uint8Array<ArrayBuffer> {
    const out: Uint8Array[] = [];
    this.#framing.push(chunk, (ciphertext) => this.#decrypted(this.#decipher.update(ciphertext), out));
    return concat(out);
  }

  /**
   * @returns the last bytes of the value, always none today
   * @throws Problem `bad-body`
   */
  final(): Uint8Array<ArrayBuffer> {
    this.#framing.end();
    this.#decipher.final();
    const digest = this.#mdc.update(this.#tail.subarray(0, 2)).digest();
    const intact = this.#tail.length === mdcLength && timingSafeEqual(this.#tail.subarray(2), digest);
    if (!intact || this.#tail[0] !== mdcHeader[0] || this.#tail[1] !== mdcHeader[1]) throw undecryptable();
    if (this.#prefixSeen < prefixLength) throw undecryptable();
    this.#literal.end();
    if (this.#headerSeen < literalHeader.length) throw badContent();
    this.#endMarker();
    return new Uint8Array(0);
  }

  #decrypted(plain: Uint8Array, out: Uint8Array[]): void {
    const free = this.#tail.length + plain.length - mdcLength;
    if (free <= 0) {
      this.#tail = concat([this.#tail, plain]);
      return;
    }
    const ofTail = Math.min(free, this.#tail.length);
    const released = this.#tail.subarray(0, ofTail);
    this.#tail = concat([this.#tail.subarray(ofTail), plain.subarray(free - ofTail)]);
    this.#covered(released, out);
    this.#covered(plain.subarray(0, free - ofTail), out);
  }

  #covered(bytes: Uint8Array, out: Uint8Array[]): void {
    if (bytes.length === 0) return;
    this.#mdc.update(bytes);
    let rest = bytes;
    if (this.#prefixSeen < prefixLength) {
      const part = rest.subarray(0, prefixLength - this.#prefixSeen);
      this.#prefix.set(part, this.#prefixSeen);
      this.#prefixSeen += part.length;
      rest = rest.subarray(part.length);
      if (this.#prefixSeen < prefixLength) return;
      const [a, b, c, d] = this.#prefix.subarray(prefixLength - 4);
      if (a !== c || b !== d) throw undecryptable();
    }
    rest = rest.subarray(this.#literal.push(rest, (piece) => this.#content(piece, out)));
    while (rest.length > 0) rest = rest.subarray(this.#padding(rest));
  }

  #content(piece: Uint8Array, out: Uint8Array[]): void {
    let start = 0;
    while (this.#headerSeen < literalHeader.length && start < piece.length) {
      if (piece[start++] !== literalHeader[this.#headerSeen++]) throw badContent();
    }
    if (start < piece.length) out.push(piece.subarray(start));
  }

  #padding(rest: Uint8Array): number {
    if (this.#marker === undefined || this.#marker.done) {
      this.#endMarker();
      this.#marker = new PacketReader({ ...inside, tag: tags.marker, partial: false });
      this.#markerSeen = 0;
    }
    return this.#marker.push(rest, (piece) => {
      for (const octet of piece) {
        if (octet !== shortMarker[2 + this.#markerSeen++]) throw badContent();
      }
    });
  }

  #endMarker(): void {
    if (this.#marker === undefined) return;
    this.#marker.end();
    if (this.#markerSeen !== 3) throw badContent();
  }
}

/**
 * The body of a value that is held in memory.
 * @param sessionKey 32 bytes, fresh
 */
export function sealWhole(sessionKey: Uint8Array, value: Uint8Array): Uint8Array<ArrayBuffer> {
  const sealer = new BodySealer(sessionKey);
  return concat([sealer.update(value), sealer.final()]);
}

/**
 * The value of a body that is held in memory, wholly checked.
 * @param sessionKey 32 bytes
 * @throws Problem `bad-body`
 */
export function openWhole(sessionKey: Uint8Array, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const opener = new BodyOpener(sessionKey);
  const value = opener.update(body);
  opener.final();
  return value;
}

const inside = { code: "bad-body", what: "what the encrypted value holds" } as const;

// One sentence for all of these: a difference would tell an attacker who tampers what came out of the cipher.
function undecryptable(): Problem {
  return new Problem(
    "bad-body",
    "the encrypted value cannot be decrypted: its key is another one, it is damaged, or it was tampered with",
  );
}

function badContent(): Problem {
  return new Problem(
    "bad-body",
    "what the encrypted value holds is not one plain binary value: pstore did not write it",
  );
}

function randomPrefix(): Uint8Array {
  const random = randomBytes(prefixLength - 2);
  return concat([random, random.subarray(-2)]);
}

/** Packets that fill exactly `length` bytes, which must be 32 or more. */
function markers(length: number): Uint8Array[] {
  // 9 is 4 modulo 5: as many long ones as are missing to a multiple of 5.
  const long = (5 - (length % 5)) % 5;
  const short = (length - 9 * long) / 5;
  return [...Array<Uint8Array>(long).fill(longMarker), ...Array<Uint8Array>(short).fill(shortMarker)];
}

function checkedKey(sessionKey: Uint8Array): Uint8Array {
  if (sessionKey.length !== 32) throw new TypeError(`a session key has 32 bytes, not ${sessionKey.length}`);
  return sessionKey;
}
