import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPkesk } from "@pstore/core/openpgp/packet";
import { Pinentry } from "./pinentry.ts";
import { endInput, type GpgProgram, type MuteGpg, tell } from "./program.ts";
import { parseStatus, type StatusLine } from "./status.ts";
import { messageOf, unwrapped } from "./wrapped.ts";

/** How many gpg work side by side: while the agent is at work for one, another reads what comes next. */
const sideBySide = 2;

/**
 * Unwraps a row of wrapped keys, with some gpg for all of them.
 * @param onEach called with each answer and the place of its wrapped key in the row. Not every one is answered: a
 *   gpg.conf with `output` keeps gpg from working this way, as a full disk does.
 * @throws Problem `no-private-key` when a private key is here but could not be used; the others are left then
 * @throws Problem `bad-wrapped-key`
 */
export async function unwrapRow(
  program: GpgProgram,
  wrapped: readonly Uint8Array[],
  onEach: (place: number, sessionKey: Uint8Array | null) => void,
): Promise<void> {
  const { first, further } = places(wrapped);
  using row = new Row(program);
  let isOver = false;
  const work = async (worker: Worker, queue: Iterator<number>) => {
    for (let next = queue.next(); !next.done; next = queue.next()) {
      const status = await worker.ask(wrapped[next.value] ?? new Uint8Array());
      if (status === null || isOver) return;
      onEach(next.value, unwrapped(status));
    }
  };
  try {
    const worker = row.worker();
    await work(worker, first.values());
    const queue = further.values();
    const others = Array.from({ length: Math.min(sideBySide, further.length) - 1 }, () => row.worker());
    await Promise.all([worker, ...others].map((one) => work(one, queue)));
  } finally {
    isOver = true;
  }
}

/** The places of the first wrapped key for each private key, for which a passphrase may be asked, and of the others. */
function places(wrapped: readonly Uint8Array[]): { first: number[]; further: number[] } {
  const first = new Map<string, number>();
  const further: number[] = [];
  for (const [place, one] of wrapped.entries()) {
    const { keyId } = readPkesk(one);
    if (first.has(keyId)) further.push(place);
    else first.set(keyId, place);
  }
  return { first: [...first.values()], further };
}

/** Several gpg, and the folder in which their messages lie. Both go when the row is closed, or the process ends. */
class Row implements Disposable {
  readonly #program: GpgProgram;
  /** `null` where no folder can be made. */
  readonly #folder: string | null;
  readonly #workers: Worker[] = [];

  constructor(program: GpgProgram) {
    this.#program = program;
    this.#folder = newFolder();
    process.once("exit", this.#clear);
  }

  worker(): Worker {
    // gpg passes over a name that does not end like this.
    const file = this.#folder === null ? null : join(this.#folder, `${this.#workers.length}.gpg`);
    const worker = new Worker(this.#program, file);
    this.#workers.push(worker);
    return worker;
  }

  readonly #clear = (): void => {
    for (const worker of this.#workers) worker.end();
    if (this.#folder !== null) rmSync(this.#folder, { recursive: true, force: true });
  };

  [Symbol.dispose](): void {
    process.off("exit", this.#clear);
    this.#clear();
  }
}

function newFolder(): string | null {
  try {
    return mkdtempSync(join(tmpdir(), "pstore-"));
  } catch {
    return null;
  }
}

/**
 * A gpg that unwraps one wrapped key after another: it is told a file's name, reads the message there, and says
 * FILE_DONE. It gets the next only then, so that it asks for nothing after a passphrase was refused.
 */
class Worker {
  readonly #gpg: MuteGpg;
  readonly #lines: AsyncIterator<string>;
  readonly #file: string | null;

  constructor(program: GpgProgram, file: string | null) {
    this.#gpg = program.startMute(["--show-session-key", "--multifile", "--decrypt"]);
    this.#lines = lines(this.#gpg.stderr);
    this.#file = file;
  }

  /** What gpg says about a wrapped key; `null` when it says nothing about it. */
  async ask(wrapped: Uint8Array): Promise<readonly StatusLine[] | null> {
    if (!(await this.#tell(wrapped))) return null;
    const said: StatusLine[] = [];
    const pinentry = new Pinentry();
    for (let next = await this.#lines.next(); !next.done; next = await this.#lines.next()) {
      const [line] = parseStatus(next.value);
      if (line?.keyword === "FILE_DONE") {
        pinentry.done();
        return said.some(({ keyword }) => keyword === "ENC_TO") ? said : null;
      }
      pinentry.see(`${next.value}\n`);
      if (line !== undefined) said.push(line);
    }
    pinentry.done();
    return null;
  }

  async #tell(wrapped: Uint8Array): Promise<boolean> {
    if (this.#file === null) return false;
    try {
      writeFileSync(this.#file, messageOf(wrapped), { mode: 0o600 });
    } catch {
      return false;
    }
    return tell(this.#gpg.stdin, `${this.#file}\n`);
  }

  /** It ends by itself when there is nothing more to read: at a signal, gpg would leave its lock files. */
  end(): void {
    void endInput(this.#gpg.stdin);
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}
