/** The largest public value, in bytes, that a show prints and that comes with its object (S6 of the product). */
export const shownValueSize = 2048;
/** The largest value that a manifest may name, in bytes: 1 TiB, whose piece digests are 32 MiB. */
export const maxValueSize = 2 ** 40;
/** The largest public value or body, in bytes, that travels inside JSON; larger ones are uploaded and streamed. */
export const inlineValueSize = 64 * 1024;
