// Damages octets, as storage, networks and attackers do.
import type { Random } from "../random.ts";

/** Octets at which formats change their mind: lengths, signs, packet tags, the ends of text. */
const edges = [0, 1, 2, 0x0a, 0x0d, 0x20, 0x22, 0x5c, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xd2, 0xe0, 0xfe, 0xff];

const longest = 300_000;

type Mutation = (random: Random, bytes: Uint8Array, other: Uint8Array) => Uint8Array;

const mutations: readonly Mutation[] = [
  (random, bytes) => at(bytes, random.below(bytes.length), (octet) => octet ^ (1 << random.below(8))),
  (random, bytes) => at(bytes, random.below(bytes.length), () => random.pick(edges)),
  (random, bytes) =>
    at(bytes, random.below(Math.min(bytes.length, 24)), (octet) => octet + random.pick([1, -1])),
  (random, bytes) => bytes.subarray(0, random.below(bytes.length + 1)),
  (random, bytes) => bytes.subarray(random.below(bytes.length + 1)),
  (random, bytes) => {
    const [from, to] = range(random, bytes);
    return join(bytes.subarray(0, from), bytes.subarray(to));
  },
  (random, bytes) => {
    const [from, to] = range(random, bytes);
    return join(bytes.subarray(0, to), bytes.subarray(from));
  },
  (random, bytes) => {
    const place = random.below(bytes.length + 1);
    return join(bytes.subarray(0, place), random.bytes(1 + random.below(12)), bytes.subarray(place));
  },
  (random, bytes, other) =>
    join(bytes.subarray(0, random.below(bytes.length + 1)), other.subarray(random.below(other.length + 1))),
  (_, bytes, other) => join(bytes, other),
  (_, bytes, other) => join(other, bytes),
];

/**
 * Damages bytes once or a few times.
 * @param others what may be spliced in: other valid inputs
 */
export function mutateBytes(
  random: Random,
  bytes: Uint8Array,
  others: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  let mutated = bytes;
  for (let times = 1 + (random.chance(40) ? random.below(4) : 0); times > 0; times--) {
    const other = others.length === 0 ? mutated : random.pick(others);
    mutated = random.pick(mutations)(random, mutated.length === 0 ? random.bytes(1) : mutated, other);
  }
  return Uint8Array.from(mutated.subarray(0, longest));
}

function range(random: Random, bytes: Uint8Array): [from: number, to: number] {
  const from = random.below(bytes.length);
  return [from, from + 1 + random.below(Math.min(64, bytes.length - from))];
}

function at(bytes: Uint8Array, place: number, change: (octet: number) => number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[place] = change(copy[place] ?? 0);
  return copy;
}

function join(...pieces: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(pieces);
}
