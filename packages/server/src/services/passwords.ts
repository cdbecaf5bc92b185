import { randomBytes } from "node:crypto";
import { Problem } from "@pstore/core/problem";
import { Gate } from "./gate.ts";

/** The shortest password, in characters: NIST SP 800-63B, section 3.1.1.2, asks for length, and for no mixture. */
export const shortestPassword = 12;
/** The longest, in UTF-16 units, as forms count: none is cut off, and none makes work without end. */
export const longestPassword = 1000;

/**
 * What a password's hash costs: argon2id with 32 MiB (in KiB) in two passes on one lane; the OWASP Password Storage
 * Cheat Sheet asks for 19 MiB in two passes at least.
 */
const cost = { memoryCost: 32_768, timeCost: 2 };
/** 64 MiB of memory at the most; those who wait do so for some seconds. */
const gate = new Gate({ atOnce: 2, waiting: 32 });

/** @throws Problem `bad-request` when a new password is too short or too long */
export function checkNewPassword(password: string): void {
  const { length } = [...password];
  if (length < shortestPassword) {
    throw new Problem(
      "bad-request",
      `a password has at least ${shortestPassword} characters, and this one has ${length}; take several words, for example`,
    );
  }
  if (password.length > longestPassword)
    throw new Problem(
      "bad-request",
      `the password is over ${longestPassword} characters; take a shorter one`,
    );
}

/**
 * The hash of a new password, as a PHC string.
 * @throws Problem `bad-request` see {@link checkNewPassword}; `too-many-requests` when too many wait
 */
export async function hashPassword(password: string): Promise<string> {
  checkNewPassword(password);
  return await gate.pass(() => Bun.password.hash(normalized(password), { algorithm: "argon2id", ...cost }));
}

/**
 * Whether a password is the one of a hash. Without a hash it is none, at the same cost.
 * @throws Problem `too-many-requests` when too many wait
 */
export async function verifyPassword(password: string, hash: string | null): Promise<boolean> {
  return await gate.pass(() => Bun.password.verify(normalized(password), hash ?? decoyHash()));
}

/** Whether a hash costs less than that of a new password: it is to be made anew when the password is at hand. */
export function isWeakHash(hash: string): boolean {
  const [, memory, time] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),/.exec(hash) ?? [];
  return !(Number(memory) >= cost.memoryCost && Number(time) >= cost.timeCost);
}

/** A hash of no password: verifying one against it takes as long as against any. */
function decoyHash(): string {
  const some = () => randomBytes(32).toString("base64").replace(/=+$/, "");
  return `$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=1$${some()}$${some()}`;
}

/** One keyboard writes an accented letter as one character, another as two (NIST SP 800-63B, section 3.1.1.2). */
function normalized(password: string): string {
  return password.normalize("NFKC");
}
