/**
 * Whether a text with a NUL character stands anywhere in what was read. PostgreSQL holds none in a text, and nothing that
 * is stored here needs one: so it is refused at the door, on whatever engine the store is.
 * @param read by a schema, which says how deep it is
 */
export function holdsNul(read: unknown): boolean {
  if (typeof read === "string") return read.includes("\0");
  if (typeof read !== "object" || read === null || read instanceof Blob) return false;
  return Object.values(read).some(holdsNul);
}
