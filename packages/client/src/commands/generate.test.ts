import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { DEFAULT_WORDLIST } from "secure-password-utilities/wordlists";
import { characterPassword, wordPassword } from "./generate.ts";

test("characters are letters and digits, each kind among them, and none is preferred", () => {
  const counts = new Map<string, number>();
  const seen = new Set<string>();
  const rounds = 2000;
  for (let round = 0; round < rounds; round++) {
    const { text } = characterPassword(31);
    expect(text).toMatch(/^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[a-zA-Z0-9]{31}$/);
    seen.add(text);
    for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  expect(seen.size).toBe(rounds);
  expect(counts.size).toBe(62);
  // 1,000 of each are expected; 6 standard deviations are 190.
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(190);
});

test("short ones hold each kind too", () => {
  for (let round = 0; round < 200; round++)
    expect(characterPassword(3).text).toMatch(/^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])...$/);
});

test("the bits of characters are those of all that were possible", () => {
  // 26 small letters, 26 capitals, 10 digits, in 6 orders.
  expect(characterPassword(3).bits).toBeCloseTo(Math.log2(26 * 26 * 10 * 6), 9);
  expect(Math.floor(characterPassword(24).bits)).toBe(142);
  expect(Math.floor(characterPassword(8).bits)).toBe(47);
  expect(characterPassword(1000).bits).toBeCloseTo(1000 * Math.log2(62), 6);
});

test("words are from the list, each by itself", async () => {
  const seen = new Set<string>();
  for (let round = 0; round < 100; round++) {
    const { text } = await wordPassword(50);
    const words = text.split("-");
    expect(words).toHaveLength(50);
    for (const word of words) seen.add(word);
  }
  // Of 7,772 words, 5,000 draws find 3,688, give or take 30.
  expect(Math.abs(seen.size - 3688)).toBeLessThan(200);
  expect(seen.isSubsetOf(new Set(DEFAULT_WORDLIST))).toBe(true);
  expect(Math.floor((await wordPassword(6)).bits)).toBe(77);
});

test("the list is the EFF's, without the words that hold a hyphen", () => {
  expect(DEFAULT_WORDLIST).toHaveLength(7772);
  expect(new Set(DEFAULT_WORDLIST).size).toBe(7772);
  expect(DEFAULT_WORDLIST.filter((word) => !/^[a-z]{3,9}$/.test(word))).toEqual([]);
  expect(createHash("sha256").update(DEFAULT_WORDLIST.join("\n")).digest("hex")).toBe(
    "76e3348ad957cad7d9c5c68873e89410ed998c19f4956367ab52d9aec4eee884",
  );
});
