// Numbers that look random and are the same whenever the same is asked for.

/**
 * A source of numbers for one input (sfc32, by Chris Doty-Humphrey; it passes PractRand). Whatever an input is made of
 * comes out of its own source: so any one of a million can be made again alone.
 */
export class Random {
  readonly #state: Uint32Array;

  constructor(seed: number, part: string, index: number) {
    this.#state = Uint32Array.of(hash(seed, part), index, seed, 1);
    // The first numbers still show what the source was begun with.
    for (let round = 0; round < 15; round++) this.#next();
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.#next() / 2 ** 32) * limit);
  }

  /** Whether something happens that does so in `percent` of a hundred cases. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error("There is nothing to pick from.");
    return list[this.below(list.length)] as T;
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at++) bytes[at] = this.below(256);
    return bytes;
  }

  uuid(): string {
    const hex = Buffer.from(this.bytes(16)).toString("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${this.pick(["8", "9", "a", "b"])}${hex.slice(17, 20)}-${hex.slice(20)}`;
  }

  #next(): number {
    const state = this.#state;
    const [a = 0, b = 0, c = 0, counter = 0] = state;
    const result = (a + b + counter) >>> 0;
    state[0] = b ^ (b >>> 9);
    state[1] = c + (c << 3);
    state[2] = ((c << 21) | (c >>> 11)) + result;
    state[3] = counter + 1;
    return result;
  }
}

/** FNV-1a. */
function hash(seed: number, text: string): number {
  let value = 0x811c9dc5 ^ seed;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value >>> 0;
}
