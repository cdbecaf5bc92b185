import type { Manifest } from "@pstore/core/manifest";

/** How many machines a sentence names one by one. */
const most = 5;

/** The names of objects in a sentence: the first few, and how many more. */
export function named(objects: readonly { readonly manifest: Manifest }[]): string {
  const names = objects.slice(0, most).map(({ manifest }) => `'${manifest.object.name}'`);
  return `${names.join(", ")}${objects.length > most ? ` and ${objects.length - most} more` : ""}`;
}
