import { visibleLine } from "@pstore/core/visible";

/** A text that somebody wrote: what would hide or reorder what stands around it is shown as its code. */
export function Said({ text }: { text: string }) {
  return <bdi>{visibleLine(text)}</bdi>;
}
