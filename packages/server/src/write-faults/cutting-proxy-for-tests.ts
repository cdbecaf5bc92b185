/** A TCP proxy that cuts connections at a moment of one's choice. */

import type { AddressInfo } from "node:net";
import { connect, createServer, type Server, type Socket } from "node:net";

/** `request`: before what a client sends next reaches the server; `answer`: when the server has answered to it. */
export type Cut = "request" | "answer";

export class CuttingProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut: Cut | null = null;
  /** How many messages of clients pass before it is cut. */
  #left = 0;
  /** How many messages of clients there were since {@link cutNext}. */
  messages = 0;

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  static async start(to: { readonly host: string; readonly port: number }): Promise<CuttingProxy> {
    let proxy: CuttingProxy | undefined;
    const server = createServer((client) => proxy?.join(client, connect(to)));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    proxy = new CuttingProxy(server);
    return proxy;
  }

  /** The connection on which a client says something next is cut, or after so many messages; `null`: none is. */
  cutNext(cut: Cut | null, after = 0): void {
    this.#cut = cut;
    this.#left = after;
    this.messages = 0;
  }

  /** What is to be cut at the message of a client that comes now. */
  #due(): Cut | null {
    this.messages++;
    if (this.#cut === null || this.#left-- > 0) return null;
    const cut = this.#cut;
    this.#cut = null;
    return cut;
  }

  join(client: Socket, server: Socket): void {
    const cut = () => {
      client.destroy();
      server.destroy();
    };
    let isDoomed = false;
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", cut);
      socket.on("end", () => other.end());
      socket.on("close", () => {
        this.#sockets.delete(socket);
        cut();
      });
    }
    client.on("data", (bytes) => {
      const due = this.#due();
      if (due === "request") return cut();
      isDoomed ||= due === "answer";
      server.write(bytes);
    });
    server.on("data", (bytes) => {
      if (isDoomed) cut();
      else client.write(bytes);
    });
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
