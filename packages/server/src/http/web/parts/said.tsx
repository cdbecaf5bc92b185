import { visibleLine } from "@pstore/core/visible";
import { wrapping } from "./wrapping.ts";

/** A text that somebody wrote: what would hide or reorder what stands around it is shown as its code. */
export function Said({ text }: { text: string }) {
  // Nothing at all, so that an empty cell counts as one.
  if (text === "") return null;
  const shown = visibleLine(text);
  return <bdi class={wrapping(shown)}>{shown}</bdi>;
}
