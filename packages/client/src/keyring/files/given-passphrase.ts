import { readSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { isatty } from "node:tty";
import { Problem } from "@pstore/core/problem";
import { originOf, unreadable } from "./descriptor.ts";
import type { GivenPassphrase } from "./passphrases.ts";
import { privateFile, readPrivate } from "./private-file.ts";

/** The longest passphrase, in bytes, and the most that is read of its file. */
const longest = 4096;
const largest = 64 * 1024;
const wanted = { noun: "passphrase file", namedBy: "$PSTORE_PASSPHRASE_FILE" };
/** How long a descriptor is left alone that has nothing to read yet, in milliseconds. */
const patience = 10;

/**
 * The passphrase in a file, or in what a pipe gives: its first line.
 * @throws Problem `no-private-key`
 */
export async function passphraseInFile(named: string, home: string | undefined): Promise<GivenPassphrase> {
  const file = privateFile(named, home);
  const bytes = await readPrivate(file, wanted, largest);
  const origin = `${file.shown} ($PSTORE_PASSPHRASE_FILE)`;
  return { text: firstLine(bytes ?? Buffer.alloc(longest + 1), origin), origin };
}

/**
 * The passphrase that a descriptor gives: up to its first line feed, and not an octet more, since what stands behind it
 * may be meant for something else.
 * @throws Problem `no-private-key`
 */
export async function passphraseOfDescriptor(descriptor: number): Promise<GivenPassphrase> {
  const origin = originOf(descriptor);
  if (isatty(descriptor)) {
    throw new Problem(
      "no-private-key",
      `${origin} is a terminal, which would show what is typed; leave it out, and the passphrase is asked for`,
    );
  }
  const octets: number[] = [];
  const octet = Buffer.alloc(1);
  for (;;) {
    const count = await readOctet(descriptor, octet);
    if (count === 0 || octet[0] === 0x0a || octets.length > longest) break;
    octets.push(octet[0] ?? 0);
  }
  return { text: firstLine(Buffer.from(octets), origin), origin };
}

async function readOctet(descriptor: number, octet: Buffer): Promise<number> {
  for (;;) {
    try {
      return readSync(descriptor, octet, 0, 1, null);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EAGAIN") throw unreadable(descriptor, code);
      // Whoever writes into it is not ready, and it must not be waited for.
      await pause(patience);
    }
  }
}

/** @throws Problem `no-private-key` when there is none, or it is no text */
function firstLine(bytes: Uint8Array, origin: string): string {
  const end = bytes.indexOf(0x0a);
  const line = end < 0 ? bytes : bytes.subarray(0, end);
  if (line.length > longest)
    throw new Problem("no-private-key", `what ${origin} gives is over ${longest} bytes, as no passphrase is`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(line);
  } catch {
    throw new Problem(
      "no-private-key",
      `what ${origin} gives is no UTF-8 text; write the passphrase as such`,
    );
  }
  const passphrase = text.replace(/\r$/, "");
  if (passphrase === "")
    throw new Problem("no-private-key", `${origin} gives no passphrase: its first line is empty`);
  return passphrase;
}
