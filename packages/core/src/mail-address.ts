/**
 * Whether a text is one e-mail address, as HTML defines a valid one (HTML Standard, section 4.10.5.1.5): of ASCII alone,
 * without display name, quotes, spaces or line ends, so that in the header and the envelope of a mail it stays one
 * address. Its length is what an envelope can carry (RFC 5321, section 4.5.3.1.3, without the angle brackets).
 */
export function isMailAddress(text: string): boolean {
  return (
    text.length <= 254 &&
    /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/.test(
      text,
    )
  );
}
