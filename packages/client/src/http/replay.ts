/** How much of a stream is held so that it can be sent again, in bytes: 4 MiB. */
const most = 4 * 1024 * 1024;

/**
 * A stream that can be sent again from its start, as long as no more of it was read than is held. Each attempt goes on
 * where the one before has stopped reading, with what was read until then ahead.
 */
export class Replay {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #most: number;
  readonly #held: Uint8Array[] = [];
  #size = 0;
  /** How many of the first chunks are not held any more. */
  #dropped = 0;
  /** An attempt that was given up may still wait for it. */
  #reading: Promise<boolean> | null = null;

  constructor(source: AsyncIterable<Uint8Array>, limit = most) {
    this.#source = source[Symbol.asyncIterator]();
    this.#most = limit;
  }

  /** Whether everything that was read is still held. */
  get isWhole(): boolean {
    return this.#dropped === 0;
  }

  /** All of it, from its start. */
  async *bytes(): AsyncGenerator<Uint8Array> {
    for (let at = 0; ; at++) {
      if (at - this.#dropped >= this.#held.length && !(await this.#more())) return;
      const chunk = this.#held[at - this.#dropped];
      if (chunk === undefined) throw new Error("what was to be sent again is not held any more");
      yield chunk;
    }
  }

  /** Reads one more chunk. @returns whether there was one */
  #more(): Promise<boolean> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #read(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done) return false;
    this.#held.push(next.value);
    this.#size += next.value.length;
    if (this.#size > this.#most) {
      this.#dropped += this.#held.length - 1;
      this.#held.splice(0, this.#held.length - 1);
    }
    return true;
  }
}
