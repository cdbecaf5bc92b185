/** ASCII armor of key blocks (RFC 9580, section 6). */
import { Problem } from "../problem.ts";

type Kind = "public" | "private";

const begin = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const end = "-----END PGP PUBLIC KEY BLOCK-----";

/** A public key block as text, with a checksum for the programs that still look at it. */
export function armor(bytes: Uint8Array): string {
  const lines = encode(bytes).match(/.{1,64}/g) ?? [];
  return [begin, "", ...lines, `=${encode(checksum(bytes))}`, end, ""].join("\n");
}

/**
 * The bytes of the one public key block in a text; what stands around it is passed over.
 * @throws Problem `unusable-key`
 */
export function dearmor(text: string): Uint8Array {
  if (/-----BEGIN PGP (PRIVATE|SECRET) KEY/.test(text)) throw privateKey();
  return contents(text, "public");
}

/**
 * The bytes of the one private key block in a text; what stands around it is passed over.
 * @throws Problem `unusable-key`
 */
export function dearmorPrivate(text: string): Uint8Array {
  return contents(text, "private");
}

function contents(text: string, kind: Kind): Uint8Array {
  const first = begin.replace("PUBLIC", kind.toUpperCase());
  const blocks = text.split("-----BEGIN PGP ").length - 1;
  if (blocks > 1)
    throw new Problem("unusable-key", "this text holds several OpenPGP blocks: give one key at a time");
  const start = text.indexOf(first);
  const stop = text.indexOf(end.replace("PUBLIC", kind.toUpperCase()), start);
  if (start < 0 || stop < 0) {
    throw new Problem(
      "unusable-key",
      `this is no OpenPGP ${kind} key: there is no '${first}' with its end in it`,
    );
  }
  const lines = text.slice(start + first.length, stop).split(/\r?\n/);
  // Headers end at an empty line (section 6.2); base64 has no colon.
  let body = lines.slice(1).map((line) => line.trim());
  const headers = body.findIndex((line) => !/^[A-Za-z0-9-]+: ?/.test(line));
  body = body.slice(headers).filter((line) => line !== "");
  const sum = body.at(-1)?.startsWith("=") ? body.pop()?.slice(1) : undefined;
  const base64 = body.join("");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.length % 4 !== 0) throw damaged(kind);
  const bytes = decode(base64);
  if (sum !== undefined && sum !== encode(checksum(bytes))) throw damaged(kind);
  return bytes;
}

export function privateKey(): Problem {
  return new Problem(
    "unusable-key",
    "this is a private key: never give it to anyone; the public one comes from `gpg --armor --export`",
  );
}

function damaged(kind: Kind): Problem {
  return new Problem("unusable-key", `this OpenPGP ${kind} key is damaged: copy it again, whole`);
}

/** CRC-24 (section 6.1.1). */
function checksum(bytes: Uint8Array): Uint8Array {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit++) {
      crc <<= 1;
      if (crc & 0x1000000) crc ^= 0x1864cfb;
    }
  }
  return Uint8Array.of(crc >> 16, (crc >> 8) & 255, crc & 255);
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function decode(base64: string): Uint8Array {
  return Uint8Array.from(Buffer.from(base64, "base64"));
}
