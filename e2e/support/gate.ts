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
  readonly request: RegExp;
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
  readonly #sent = new Counter();
  readonly #answered = new Counter();
  #pace = Number.POSITIVE_INFINITY;

  constructor() {
    this.#server = createServer((client) => this.#accept(client));
  }

  /** What clients use as `--store-url`; the server must know it as `--public-url`. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
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
    return this.hold(/^POST \/api\/v1\/commits /, count);
  }

  /** Holds the next `count` requests whose first line matches, and resolves when all of them are here. */
  hold(request: RegExp, count = 1): Promise<readonly Held[]> {
    if (this.#waiter !== undefined) throw new Error("The gate holds already.");
    return new Promise((resolve) => {
      this.#waiter = { request, count, resolve };
    });
  }

  /** Calls back with the first line of each request, as it is passed on; `undefined`: no more. */
  watch(seen: ((line: string) => void) | undefined): void {
    this.#onRequest = seen;
  }

  /** Resolves when clients have sent so many bytes from now on. */
  sent(bytes: number): Promise<void> {
    return this.#sent.reaches(bytes);
  }

  /** Resolves when clients have been answered so many bytes from now on. */
  answered(bytes: number): Promise<void> {
    return this.#answered.reaches(bytes);
  }

  /** Lets no more bytes a second through, either way of each connection; infinity: as many as come. */
  slow(pace: number): void {
    this.#pace = pace;
  }

  /** Cuts all connections, as a network does. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  #accept(client: Socket): void {
    if (this.#target === undefined) throw new Error("The gate leads nowhere.");
    const { hostname, port } = this.#target();
    const server = connect(Number(port), hostname);
    this.#sockets.add(client).add(server);
    let answered: (() => void) | undefined;
    const end = () => {
      for (const socket of [client, server]) {
        // What came before the end is still passed on.
        socket.destroySoon();
        this.#sockets.delete(socket);
      }
      answered?.();
    };
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on("error", end).on("close", end);
    }
    client.on("data", (bytes: Buffer) => {
      const line = requestLine(bytes);
      if (line !== null) this.#onRequest?.(line);
      if (line !== null && this.#waiter?.request.test(line)) {
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
      } else {
        this.#pass(bytes, client, server);
      }
      this.#sent.add(bytes.length);
    });
    server.on("data", (bytes: Buffer) => {
      this.#pass(bytes, server, client);
      answered?.();
      this.#answered.add(bytes.length);
    });
  }

  /** Writes on what came, and reads no more before there is room, and the pace allows it. */
  #pass(bytes: Buffer, from: Socket, to: Socket): void {
    const hasRoom = to.write(bytes);
    const pause = (bytes.length / this.#pace) * 1000;
    if (hasRoom && pause === 0) return;
    from.pause();
    const resume = () => setTimeout(() => from.resume(), pause);
    if (hasRoom) resume();
    else to.once("drain", resume);
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

/** How much has gone by, for whoever waits for some of it. */
class Counter {
  #total = 0;
  readonly #waiters = new Map<() => void, number>();

  add(bytes: number): void {
    this.#total += bytes;
    for (const [resolve, total] of this.#waiters) {
      if (this.#total < total) continue;
      this.#waiters.delete(resolve);
      resolve();
    }
  }

  reaches(bytes: number): Promise<void> {
    return new Promise((resolve) => this.#waiters.set(resolve, this.#total + bytes));
  }
}

/** The first line of a request, if these bytes begin one. */
function requestLine(bytes: Buffer): string | null {
  const start = bytes.subarray(0, 16_384).toString("latin1");
  return /^(?:GET|POST|PUT|DELETE) \S+ HTTP\/1\.1\r\n/.exec(start)?.[0].trim() ?? null;
}

/** Opens a gate that leads nowhere yet, on any free port unless one is given. */
export async function openGate(port = 0): Promise<Gate> {
  const gate = new Gate();
  await gate.listen(port);
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
