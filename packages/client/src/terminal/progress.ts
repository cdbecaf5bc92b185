/** How long a transfer may take before its bar is shown, and how often the bar is drawn, in milliseconds. */
const patience = 1000;
const interval = 100;
/** The widest that the bar is drawn, and the narrowest, in columns: with less room, only the figures are shown. */
const maxWidth = 30;
const minWidth = 5;
/** How much of the label is shown, in columns. */
const maxLabel = 40;

/** A bar on stderr for a transfer that takes over a second. Only for a terminal. */
export class ProgressBar {
  readonly #stderr: { write(text: string): unknown };
  readonly #columns: () => number;
  readonly #label: string;
  readonly #total: number | null;
  readonly #start = Date.now();
  #bytes = 0;
  #drawn = 0;

  /**
   * @param total in bytes; null where it is not known
   * @param columns how wide the terminal is now: a line that wraps cannot be drawn over
   */
  constructor(
    stderr: { write(text: string): unknown },
    label: string,
    total: number | null,
    columns: () => number,
  ) {
    this.#stderr = stderr;
    this.#label = label.length > maxLabel ? `${label.slice(0, maxLabel - 1)}…` : label;
    this.#total = total;
    this.#columns = columns;
  }

  advance(bytes: number): void {
    this.#bytes += bytes;
    const now = Date.now();
    if (now - this.#start < patience || now - this.#drawn < interval) return;
    // Ctrl-C ends the process in the middle of a transfer: the shell's prompt should not stand behind the bar.
    if (this.#drawn === 0) process.once("exit", this.#clear);
    this.#drawn = now;
    const room = Math.max(1, this.#columns() - 1);
    this.#stderr.write(`\r${this.#text(now, room).slice(0, room)}\u001b[K`);
  }

  /** Takes the bar away. */
  done(): void {
    if (this.#drawn === 0) return;
    process.off("exit", this.#clear);
    this.#clear();
  }

  readonly #clear = (): void => {
    this.#stderr.write("\r\u001b[K");
  };

  #text(now: number, room: number): string {
    const rate = `${mebibytes((this.#bytes * 1000) / (now - this.#start))}/s`;
    if (this.#total === null) return `${this.#label}: ${mebibytes(this.#bytes)}, ${rate}`;
    const share = Math.min(1, this.#bytes / this.#total);
    const figures = `${Math.floor(share * 100)}% of ${mebibytes(this.#total)}, ${rate}`;
    const width = Math.min(maxWidth, room - `${this.#label}: [] ${figures}`.length);
    if (width < minWidth) return `${this.#label}: ${figures}`;
    const bar = "#".repeat(Math.round(share * width)).padEnd(width, ".");
    return `${this.#label}: [${bar}] ${figures}`;
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
