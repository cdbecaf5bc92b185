/** The data types of the SSH protocol (RFC 4251, section 5), as keys and signatures are made of. */
import type { Problem } from "../problem.ts";

/** Reads one field behind the other, and refuses what does not fit. */
export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #refuse: (why: string) => Problem;
  #offset = 0;

  /**
   * @param refuse makes the problem that is thrown
   * @param why in `refuse`: the end of a sentence, "it ends too early"
   */
  constructor(bytes: Uint8Array, refuse: (why: string) => Problem) {
    this.#bytes = bytes;
    this.#refuse = refuse;
  }

  /** Octets that are not read yet. */
  get left(): number {
    return this.#bytes.length - this.#offset;
  }

  /** So many octets, without a length in front; a view. */
  octets(count: number): Uint8Array {
    if (count > this.left) throw this.#refuse("it ends too early");
    this.#offset += count;
    return this.#bytes.subarray(this.#offset - count, this.#offset);
  }

  uint32(): number {
    const octets = this.octets(4);
    return new DataView(octets.buffer, octets.byteOffset, 4).getUint32(0);
  }

  /** A string; a view. */
  string(): Uint8Array {
    return this.octets(this.uint32());
  }

  /** A string that is a name or another text of ASCII. */
  text(): string {
    return Buffer.from(this.string()).toString("latin1");
  }

  /** A positive `mpint` in its shortest form, as its magnitude: big-endian, without leading zeros. */
  mpint(): Uint8Array {
    const octets = this.string();
    const [first = 0, second = 0] = octets;
    if (first >= 0x80) throw this.#refuse("it holds a negative number");
    if (octets.length === 0 || (first === 0 && second < 0x80))
      throw this.#refuse("it holds a number that is zero or not in its shortest form");
    return first === 0 ? octets.subarray(1) : octets;
  }

  /** Says that nothing more is due. */
  end(): void {
    if (this.left > 0) throw this.#refuse("something stands behind its end");
  }
}

/** Octets, texts of ASCII and numbers (as `uint32`), in a row. */
export function wire(...fields: (Uint8Array | string | number)[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat(fields.map(encode)));
}

/** A `string`: a length and so many octets. */
export function wireString(content: Uint8Array | string): Uint8Array {
  return wire(content.length, content);
}

/** A positive `mpint`, from its magnitude without leading zeros. */
export function wireMpint(magnitude: Uint8Array): Uint8Array {
  return wireString((magnitude[0] ?? 0) < 0x80 ? magnitude : wire(Uint8Array.of(0), magnitude));
}

function encode(field: Uint8Array | string | number): Uint8Array {
  if (typeof field === "string") return Buffer.from(field, "latin1");
  if (typeof field !== "number") return field;
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(field);
  return octets;
}
