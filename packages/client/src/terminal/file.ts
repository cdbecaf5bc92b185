import {
  closeSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { Problem } from "@pstore/core/problem";

/** A file of mode 0600 that is there complete, or not at all. */
export class WholeFile {
  readonly #path: string;
  /** Where it is in truth. */
  readonly #target: string;
  readonly #fresh: string;
  readonly #fd: number;
  readonly #remove = () => rmSync(this.#fresh, { force: true });

  /** @throws Problem `local-fault` when the file cannot be written there */
  constructor(path: string) {
    this.#path = path;
    this.#target = path;
    const there = this.#do(() => statSync(path, { throwIfNoEntry: false }));
    // Root could put a file in the place of /dev/null, for everybody.
    if (there !== undefined && !there.isFile()) {
      throw new Problem(
        "local-fault",
        `${path} is there and no ordinary file; redirect the output to it (>)`,
      );
    }
    // A link stays one, and what it points to is written.
    if (there !== undefined) this.#target = this.#do(() => realpathSync(path));
    this.#fresh = `${this.#target}.${process.pid}.part`;
    this.#fd = this.#do(() => openSync(this.#fresh, "wx", 0o600));
    process.once("exit", this.#remove);
  }

  write(data: Uint8Array | string): void {
    let rest = Buffer.from(data);
    while (rest.length > 0) rest = rest.subarray(this.#do(() => writeSync(this.#fd, rest)));
  }

  /** Puts the file in its place. */
  keep(): void {
    this.#do(() => {
      fsyncSync(this.#fd);
      closeSync(this.#fd);
      renameSync(this.#fresh, this.#target);
    });
    process.off("exit", this.#remove);
  }

  /** Leaves nothing behind. */
  discard(): void {
    closeSync(this.#fd);
    this.#remove();
    process.off("exit", this.#remove);
  }

  #do<T>(step: () => T): T {
    try {
      return step();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new Problem("local-fault", `${this.#path} cannot be written (${code}); no file was left`, {
        cause: error,
      });
    }
  }
}
