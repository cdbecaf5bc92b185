/** How long a transfer may take before its bar is shown, and how often the bar is drawn, in milliseconds. */
const patience = 1000;
const interval = 100;
const width = 30;

/** A bar on stderr for a transfer that takes over a second. Only for a terminal. */
export class ProgressBar {
  readonly #stderr: { write(text: string): unknown };
  readonly #label: string;
  readonly #total: number | null;
  readonly #start = Date.now();
  #bytes = 0;
  #drawn = 0;

  /** @param total in bytes; null where it is not known */
  constructor(stderr: { write(text: string): unknown }, label: string, total: number | null) {
    this.#stderr = stderr;
    this.#label = label;
    this.#total = total;
  }

  advance(bytes: number): void {
    this.#bytes += bytes;
    const now = Date.now();
    if (now - this.#start < patience || now - this.#drawn < interval) return;
    this.#drawn = now;
    this.#stderr.write(`\r${this.#text(now)}\u001b[K`);
  }

  /** Takes the bar away. */
  done(): void {
    if (this.#drawn > 0) this.#stderr.write("\r\u001b[K");
  }

  #text(now: number): string {
    const rate = `${mebibytes((this.#bytes * 1000) / (now - this.#start))}/s`;
    if (this.#total === null) return `${this.#label}: ${mebibytes(this.#bytes)}, ${rate}`;
    const share = Math.min(1, this.#bytes / this.#total);
    const bar = "#".repeat(Math.round(share * width)).padEnd(width, ".");
    return `${this.#label}: [${bar}] ${Math.floor(share * 100)}% of ${mebibytes(this.#total)}, ${rate}`;
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
