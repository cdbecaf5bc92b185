// A connection of HTTP/1.1 that sends what it is given, octet by octet: what no library would send, too.
import type { Socket } from "bun";
import { AnswerReader } from "./answer.ts";

/** What came back; `status` 0: the server closed the connection instead. */
export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** From the first octet sent to the last one that came. */
  readonly milliseconds: number;
  /** What came behind the answer, and nobody had asked for. */
  readonly surplus: number;
}

/** How a request ends. */
export interface Sending {
  readonly bytes: Uint8Array;
  readonly method: string;
  /** After so many milliseconds without an answer, nobody waits any more: `status` is then -1. */
  readonly patience: number;
}

/** One request after the other; a new connection is made where the last one was closed. */
export class Connection {
  readonly #hostname: string;
  readonly #port: number;
  #socket: Socket<undefined> | null = null;
  #reader: AnswerReader | null = null;
  #onChange: () => void = () => {};

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#hostname = hostname;
    this.#port = Number(port);
  }

  async send({ bytes, method, patience }: Sending): Promise<Answer> {
    const socket = this.#socket ?? (await this.#open());
    const reader = new AnswerReader(method);
    this.#reader = reader;
    const done = Promise.withResolvers<void>();
    this.#onChange = () => {
      if (reader.isComplete || this.#socket === null) done.resolve();
    };
    const begin = performance.now();
    let rest = bytes.subarray(socket.write(bytes));
    this.#onDrain = () => {
      if (rest.length > 0) rest = rest.subarray(socket.write(rest));
    };
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      done.resolve();
    }, patience);
    await done.promise;
    clearTimeout(timer);
    const milliseconds = performance.now() - begin;
    if (isLate) this.close();
    else if (reader.closes || rest.length > 0 || reader.surplus > 0) this.close();
    const { headers, body, surplus } = reader;
    return {
      status: isLate ? -1 : reader.isComplete ? reader.status : 0,
      headers,
      body,
      milliseconds,
      surplus,
    };
  }

  /** Sends what is no whole request, and goes away without waiting for an answer. */
  async abandon(bytes: Uint8Array): Promise<void> {
    this.close();
    const socket = await this.#open();
    socket.write(bytes);
    socket.flush();
    this.close();
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#reader = null;
    socket?.end();
  }

  #onDrain: () => void = () => {};

  async #open(): Promise<Socket<undefined>> {
    const ended = (socket: Socket<undefined>) => {
      if (this.#socket !== socket) return;
      this.#reader?.end();
      this.#socket = null;
      this.#onChange();
    };
    const socket = await Bun.connect({
      hostname: this.#hostname,
      port: this.#port,
      socket: {
        data: (from, chunk) => {
          if (this.#socket !== from) return;
          this.#reader?.push(chunk);
          this.#onChange();
        },
        drain: () => this.#onDrain(),
        end: ended,
        close: ended,
        error: ended,
      },
    });
    this.#socket = socket;
    return socket;
  }
}
