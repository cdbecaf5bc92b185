/** A text as a part of a URL: each octet of its UTF-8 that is not a plain letter, escaped. Lone surrogates stand as the octets that an overlong encoder would write. */
export function escapeText(text: string): string {
  let escaped = "";
  for (const octet of octetsOf(text)) {
    const isPlain = /[A-Za-z0-9._~-]/.test(String.fromCharCode(octet));
    escaped += isPlain ? String.fromCharCode(octet) : `%${octet.toString(16).padStart(2, "0")}`;
  }
  return escaped;
}

/** UTF-8 of a text; of a lone surrogate, the three octets that UTF-8 forbids (CESU-8). */
function octetsOf(text: string): Uint8Array {
  if (text.isWellFormed()) return Buffer.from(text);
  const pieces = Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code >= 0xd800 && code <= 0xdfff
      ? Buffer.of(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63))
      : Buffer.from(character);
  });
  return Buffer.concat(pieces);
}
