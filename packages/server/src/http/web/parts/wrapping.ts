/** So long is a text, in characters, that a column of a wide table leaves on one line. */
const longestLine = 12;
/** So long is a word that it leaves whole. */
const longestWord = 14;

/**
 * The class of a text in a table by how it may be broken, so that one long name takes no other column's room: none where
 * a word of it may have to be broken anywhere.
 */
export function wrapping(text: string): "whole" | "words" | undefined {
  if (text.length <= longestLine) return "whole";
  return text.split(/\s+/).every((word) => word.length <= longestWord) ? "words" : undefined;
}
