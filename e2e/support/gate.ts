// A way to the server on which requests can be watched and held, so that two clients surely meet. It passes bytes on
// and knows no HTTP: clients and server cannot tell it from the network.

import { connect, createServer, type Server, type Socket } from "node:net";
import { createTeam, type MemberOptions, type Team } from "./team.ts";

/** A request that a client has sent and that the server has not got yet. */
export interface Held {
  /** Lets all of it through but the end, so that the server is at it, and resolves when that is on its way. */
  begin(): Promise<void>;
  /** Lets it through, and resolves when the answer begins or the connection ends. */
  release(): Promise<void>;
}

interface Waiter {
  readonly count: number;
  readonly resolve: (held: readonly Held[]) => void;
}

export class Gate implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #held: Held[] = [];
  #port = 0;
  #target: (() => URL) | undefined;
  #waiter: Waiter | undefined;
  #onRequest: ((line: string) => void) | undefined;
  #onBytes: ((total: number) => void) | undefined;
  #sent = 0;

  constructor() {
    this.#server = createServer((client) => this.#accept(client));
  }

  /** What clients use as `--store-url`; the server must know it as `--public-url`. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The gate listens nowhere.");
    this.#port = address.port;
  }

  /** Where everything goes; asked for every connection. */
  leadTo(target: () => string): void {
    this.#target = () => new URL(target());
  }

  /** Holds the next `count` commits, and resolves when all of them are here; later ones pass. */
  holdCommits(count: number): Promise<readonly Held[]> {
    if (this.#waiter !== undefined) throw new Error("The gate holds already.");
    return new Promise((resolve) => {
      this.#waiter = { count, resolve };
    });
  }

  /** Calls back with the first line of each request, as it is passed on; `undefined`: no more. */
  watch(seen: ((line: string) => void) | undefined): void {
    this.#onRequest = seen;
  }

  /** Resolves when clients have sent so many bytes from now on. */
  sent(bytes: number): Promise<void> {
    const begin = this.#sent;
    return new Promise((resolve) => {
      this.#onBytes = (total) => {
        if (total - begin < bytes) return;
        this.#onBytes = undefined;
        resolve();
      };
    });
  }

  #accept(client: Socket): void {
    if (this.#target === undefined) throw new Error("The gate leads nowhere.");
    const { hostname, port } = this.#target();
    const server = connect(Number(port), hostname);
    this.#sockets.add(client).add(server);
    let answered: (() => void) | undefined;
    const end = () => {
      for (const socket of [client, server]) {
        socket.destroy();
        this.#sockets.delete(socket);
      }
      answered?.();
    };
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on("error", end).on("close", end);
    }
    client.on("data", (bytes: Buffer) => {
      this.#sent += bytes.length;
      const line = requestLine(bytes);
      if (line !== null) this.#onRequest?.(line);
      this.#onBytes?.(this.#sent);
      if (line?.startsWith("POST /api/v1/commits") && this.#waiter !== undefined) {
        // What else comes on this connection belongs to the same request.
        client.pause();
        let rest = bytes;
        this.#hold({
          begin: () =>
            new Promise((resolve) => {
              server.write(rest.subarray(0, -1), () => resolve());
              rest = rest.subarray(-1);
            }),
          release: () =>
            new Promise((resolve) => {
              if (server.destroyed) return resolve();
              answered = resolve;
              server.write(rest);
              client.resume();
            }),
        });
      } else if (!server.write(bytes)) {
        client.pause();
        server.once("drain", () => client.resume());
      }
    });
    server.on("data", (bytes: Buffer) => {
      if (!client.write(bytes)) {
        server.pause();
        client.once("drain", () => server.resume());
      }
      answered?.();
    });
  }

  #hold(held: Held): void {
    this.#held.push(held);
    const waiter = this.#waiter;
    if (waiter === undefined || this.#held.length < waiter.count) return;
    this.#waiter = undefined;
    waiter.resolve(this.#held.splice(0));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** The first line of a request, if these bytes begin one. */
function requestLine(bytes: Buffer): string | null {
  const start = bytes.subarray(0, 200).toString("latin1");
  return /^(?:GET|POST|PUT|DELETE) \S+ HTTP\/1\.1\r\n/.exec(start)?.[0].trim() ?? null;
}

/** Opens a gate that leads nowhere yet. */
export async function openGate(): Promise<Gate> {
  const gate = new Gate();
  await gate.listen();
  return gate;
}

/** A team whose clients reach the server through a gate, and answer every question with yes. */
export async function createGatedTeam(
  users: readonly (string | MemberOptions)[],
): Promise<{ gate: Gate; team: Team }> {
  const gate = await openGate();
  const team = await createTeam({ users, server: { serve: ["--public-url", gate.url] } });
  gate.leadTo(() => team.server.url);
  for (const user of users) {
    const name = typeof user === "string" ? user : user.name;
    await team.user(name).configure(`--store-url=${gate.url}`, `--user=${name}`, "--yes");
  }
  return { gate, team };
}
