/** Lines wait in memory for a slow reader up to so many characters together. */
const room = 1024 * 1024;

/**
 * Lines on their way to a reader who may be slow, or stuck: whoever writes never waits. What there is no room for is
 * left out, and how much that was is said as soon as there is room again.
 */
export class LineQueue {
  readonly #write: (text: string) => Promise<void>;
  readonly #leftOut: (count: number) => string;
  #waiting: string[] = [];
  #size = 0;
  #missing = 0;
  #writing: Promise<void> | null = null;

  /**
   * @param write writes all of a text; when it fails, the text is lost
   * @param leftOut the line that says how many were left out
   */
  constructor(write: (text: string) => Promise<void>, leftOut: (count: number) => string) {
    this.#write = write;
    this.#leftOut = leftOut;
  }

  /** @param line with its line feed */
  push(line: string): void {
    if (this.#size + line.length > room) {
      this.#missing++;
      return;
    }
    this.#waiting.push(line);
    this.#size += line.length;
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when all is written, or after so many milliseconds. */
  async end(patience: number): Promise<void> {
    if (this.#writing === null) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patience);
    });
    await Promise.race([this.#writing, late]);
    clearTimeout(timer);
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const text = this.#waiting.join("");
      this.#waiting = [];
      await this.#write(text).catch(() => {});
      this.#size = this.#waiting.reduce((size, line) => size + line.length, 0);
      if (this.#missing === 0) continue;
      const line = this.#leftOut(this.#missing);
      this.#missing = 0;
      this.#waiting.push(line);
      this.#size += line.length;
    }
    this.#writing = null;
  }
}
