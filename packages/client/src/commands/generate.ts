import { randomInt } from "node:crypto";

/** A password that was made up. */
export interface Generated {
  readonly text: string;
  /** The logarithm, to the base 2, of how many passwords were equally likely. */
  readonly bits: number;
}

const kinds = ["abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"];
const characters = kinds.join("");

/**
 * A password of letters and digits, at least one small letter, one capital and one digit among them, as many systems
 * demand; all of these are equally likely. They are made to be copied: none is left out for looking like another.
 * @param length 3 or more
 */
export function characterPassword(length: number): Generated {
  for (;;) {
    const text = Array.from({ length }, () => characters[randomInt(characters.length)]).join("");
    if (kinds.every((kind) => [...kind].some((character) => text.includes(character))))
      return { text, bits: length * Math.log2(characters.length) + Math.log2(shareOfAllKinds(length)) };
  }
}

/** How many of all texts of letters and digits hold each kind, by inclusion and exclusion. */
function shareOfAllKinds(length: number): number {
  const share = (count: number) => (count / characters.length) ** length;
  return 1 - share(52) - 2 * share(36) + share(10) + 2 * share(26);
}

/**
 * A password of words, joined by `-`, from the EFF's large list for passphrases (without the four words that hold a
 * hyphen themselves); the same word may come twice.
 */
export async function wordPassword(count: number): Promise<Generated> {
  const { DEFAULT_WORDLIST: list } = await import("secure-password-utilities/wordlists");
  const words = Array.from({ length: count }, () => list[randomInt(list.length)]);
  return { text: words.join("-"), bits: count * Math.log2(list.length) };
}
