// Requests that no well-behaved client sends, octet by octet.
import { connect, type Socket } from "node:net";

/** A connection on which a request is sent in pieces. */
export class RawConnection implements Disposable {
  readonly #socket: Socket;
  readonly #ended: Promise<string>;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#socket = connect(Number(port), hostname);
    const pieces: Buffer[] = [];
    this.#socket.on("data", (piece) => pieces.push(Buffer.from(piece)));
    // A server that closes on a request that it does not understand resets the connection.
    this.#socket.on("error", () => {});
    this.#ended = new Promise((resolve) => {
      this.#socket.on("close", () => resolve(Buffer.concat(pieces).toString("latin1")));
    });
  }

  /** @param text each character is one octet */
  async send(text: string): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.write(Buffer.from(text, "latin1"), () => resolve()));
  }

  /** All that was answered until the server closed the connection. */
  async answer(): Promise<string> {
    return await this.#ended;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** Sends a request as it stands, which must ask for the connection to be closed. @returns what was answered, headers and all */
export async function sendRaw(url: string, request: string): Promise<string> {
  using connection = new RawConnection(url);
  await connection.send(request);
  return await connection.answer();
}

/** The status of an answer; 0: the connection was closed without one. */
export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? 0);
}
