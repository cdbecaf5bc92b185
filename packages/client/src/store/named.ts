import type { Manifest } from "@pstore/core/manifest";

/** How many machines a sentence names one by one. */
const most = 5;

/** The names of objects in a sentence: the first few, and how many more. */
export function named(objects: readonly { readonly manifest: Manifest }[]): string {
  return quoted(objects.map(({ manifest }) => manifest.object.name));
}

/** Names of machines in a sentence, likewise. */
export function quoted(names: readonly string[]): string {
  const first = names.slice(0, most).map((name) => `'${name}'`);
  return `${first.join(", ")}${names.length > most ? ` and ${names.length - most} more` : ""}`;
}
