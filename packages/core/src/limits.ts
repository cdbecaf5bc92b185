/** The largest public value, in bytes, that a show prints and that comes with its object (S6 of the product). */
export const shownValueSize = 2048;
/** The largest public value or body, in bytes, that travels inside JSON; larger ones are uploaded and streamed. */
export const inlineValueSize = 64 * 1024;
