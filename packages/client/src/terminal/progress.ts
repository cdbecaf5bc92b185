/** How long something may take before its bar is shown, and how often the bar is drawn, in milliseconds. */
const patience = 1000;
const interval = 100;
/** The widest that the bar is drawn, and the narrowest, in columns: with less room, only the figures are shown. */
const maxWidth = 30;
const minWidth = 5;
/** How much of the label is shown, in columns. */
const maxLabel = 40;

/** The bars of what is under way. */
const underWay = new Set<ProgressBar>();

/** Takes the bars away, so that something else can be written: they are drawn again where it goes on. */
export function makeRoom(): void {
  for (const bar of underWay) bar.clear();
}

/** Runs a step that takes as long as a person does, which is no time of what is under way. */
export async function aside<T>(step: () => Promise<T>): Promise<T> {
  makeRoom();
  const start = Date.now();
  try {
    return await step();
  } finally {
    for (const bar of underWay) bar.passOver(Date.now() - start);
  }
}

/** A bar on stderr for what takes over a second. Only for a terminal. */
export class ProgressBar {
  readonly #stderr: { write(text: string): unknown };
  readonly #columns: () => number;
  readonly #label: string;
  readonly #total: number | null;
  readonly #figures: Figures;
  #count = 0;
  #drawn = 0;
  #isShown = false;
  /** How long somebody was waited for, in milliseconds. */
  #passedOver = 0;
  readonly #start: number;

  /**
   * @param total null where it is not known
   * @param unit what is counted
   * @param columns how wide the terminal is now: a line that wraps cannot be drawn over
   */
  constructor(
    stderr: { write(text: string): unknown },
    label: string,
    total: number | null,
    unit: "bytes" | "items",
    columns: () => number,
  ) {
    const now = Date.now();
    this.#stderr = stderr;
    this.#label = label.length > maxLabel ? `${label.slice(0, maxLabel - 1)}…` : label;
    this.#total = total;
    this.#figures = unit === "bytes" ? transferred(now) : counted();
    this.#start = now;
    this.#columns = columns;
    underWay.add(this);
  }

  advance(by: number): void {
    this.#count += by;
    const now = Date.now() - this.#passedOver;
    const figures = this.#figures(this.#count, this.#total, now);
    if (now - this.#start < patience || now - this.#drawn < interval) return;
    // Ctrl-C ends the process in the middle: the shell's prompt should not stand behind the bar.
    if (!this.#isShown) process.once("exit", this.clear);
    this.#drawn = now;
    this.#isShown = true;
    const room = Math.max(1, this.#columns() - 1);
    this.#stderr.write(`\r${this.#text(figures, room).slice(0, room)}\u001b[K`);
  }

  /** Takes the bar away, for good. */
  done(): void {
    underWay.delete(this);
    this.clear();
  }

  /** Takes the bar away, where one is shown, until there is more to show. */
  readonly clear = (): void => {
    if (!this.#isShown) return;
    this.#isShown = false;
    process.off("exit", this.clear);
    this.#stderr.write("\r\u001b[K");
  };

  /** @param time in milliseconds, which does not count */
  passOver(time: number): void {
    this.#passedOver += time;
  }

  #text(figures: string, room: number): string {
    const width = Math.min(maxWidth, room - `${this.#label}: [] ${figures}`.length);
    if (this.#total === null || width < minWidth) return `${this.#label}: ${figures}`;
    const share = Math.min(1, this.#count / this.#total);
    const bar = "#".repeat(Math.round(share * width)).padEnd(width, ".");
    return `${this.#label}: [${bar}] ${figures}`;
  }
}

/** What stands beside the bar; asked at every advance. */
type Figures = (count: number, total: number | null, now: number) => string;

/** For bytes: how much of how much, and how fast. */
function transferred(start: number): Figures {
  return (count, total, now) => {
    const rate = `${mebibytes((count * 1000) / (now - start))}/s`;
    if (total === null) return `${mebibytes(count)}, ${rate}`;
    return `${Math.floor(Math.min(1, count / total) * 100)}% of ${mebibytes(total)}, ${rate}`;
  };
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

/**
 * For items: how many of how many, and how long it will still take, going by what came behind the first: a passphrase may
 * be typed before that one.
 */
function counted(): Figures {
  let first: { readonly count: number; readonly time: number } | null = null;
  return (count, total, now) => {
    first ??= { count, time: now };
    if (total === null) return `${count}`;
    if (count <= first.count || count >= total) return `${count}/${total}`;
    return `${count}/${total}, ${duration(((now - first.time) / (count - first.count)) * (total - count))} left`;
  };
}

/** @param time in milliseconds */
function duration(time: number): string {
  const seconds = Math.ceil(time / 1000);
  return seconds < 100 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}
