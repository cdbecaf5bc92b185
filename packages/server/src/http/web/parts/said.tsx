import { visibleLine } from "@pstore/core/visible";

/** A text that somebody wrote: what would hide or reorder what stands around it is shown as its code. */
export function Said({ text }: { text: string }) {
  // Nothing at all, so that an empty cell counts as one.
  if (text === "") return null;
  return <bdi>{visibleLine(text)}</bdi>;
}
