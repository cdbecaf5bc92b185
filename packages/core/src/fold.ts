/**
 * A text as it is compared whatever its case, on the server and on the client alike: canonically composed (NFC), then
 * in Unicode's lower case and, of that, the upper case. The upper case alone knows no context (the lower one makes two
 * letters of Σ, at a word's end and elsewhere) and writes ß as SS; the lower case before it brings letters like İ and the
 * Kelvin sign to their plain ones.
 */
export function fold(text: string): string {
  return text.normalize("NFC").toLowerCase().toUpperCase();
}
