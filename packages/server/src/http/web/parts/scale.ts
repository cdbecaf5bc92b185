/** Where the values of a plot stand, in units of its drawing. */
export const frame = { width: 400, height: 170, left: 64, right: 394, top: 14, bottom: 144 } as const;

const steps = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];

/** The next whole number at or above one that is one of these steps, with zeros; at least 1. */
export function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return steps.map((step) => step * power).find((end) => end >= value && Number.isInteger(end)) ?? value;
}

/** The same for bytes, so that the size reads well in KiB, MiB and so on. */
export function roundUpBytes(value: number): number {
  const size = Math.max(value, 1024);
  let unit = 1;
  while (size / unit > 1024) unit *= 1024;
  return Math.min(roundUp(size / unit), 1024) * unit;
}

/** The left edge of one of several equal columns. */
export function columnOf(index: number, count: number): number {
  return short(frame.left + ((frame.right - frame.left) * index) / count);
}

/** A number as a drawing needs it: a hundredth of a unit cannot be seen. */
export function short(value: number): number {
  return Math.round(value * 100) / 100;
}
