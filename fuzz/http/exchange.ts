// Sends requests over connections that are kept, and judges what comes back.
import type { Faults } from "../faults.ts";
import { type Answer, Connection } from "./connection.ts";
import { longestAnswer } from "./judge.ts";
import { describeRequest, encodeRequest, type WireRequest } from "./request.ts";

type Judge = (request: WireRequest, answer: Answer) => string | null;

/** Whoever is not answered within so many milliseconds goes on. */
const patience = 20_000;
/** So many times a slow input is tried alone: one quick answer shows that it was the machine that was slow. */
const tries = 3;

export class Exchange {
  readonly #name: string;
  readonly #url: string;
  readonly #host: string;
  readonly #faults: Faults;
  readonly #connections: readonly Connection[];
  readonly #slow: { index: number; request: WireRequest; milliseconds: number }[] = [];

  constructor(context: { name: string; url: string; atOnce: number; faults: Faults }) {
    this.#name = context.name;
    this.#url = context.url;
    this.#host = new URL(context.url).host;
    this.#faults = context.faults;
    this.#connections = Array.from({ length: context.atOnce }, () => new Connection(context.url));
  }

  async send(index: number, worker: number, request: WireRequest, judge: Judge): Promise<Answer> {
    const connection = this.#connections[worker];
    if (connection === undefined) throw new Error(`There is no connection ${worker}.`);
    const answer = await this.#sendOn(connection, request);
    // What follows on the connection of a broken request may be read as the rest of it.
    if (request.isBroken) connection.close();
    const fault = judge(request, answer);
    if (fault !== null) this.#add(index, request, fault);
    else if (answer.milliseconds > longestAnswer)
      this.#slow.push({ index, request, milliseconds: answer.milliseconds });
    return answer;
  }

  /** Tries again, one by one, what took long while everything else went on. */
  async end(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    const connection = new Connection(this.#url);
    for (const { index, request, milliseconds } of this.#slow) {
      let least = milliseconds;
      for (let attempt = 0; attempt < tries && least > longestAnswer; attempt++) {
        least = Math.min(least, (await this.#sendOn(connection, request)).milliseconds);
        if (request.isBroken) connection.close();
      }
      if (least > longestAnswer)
        this.#add(
          index,
          request,
          `answered in ${Math.round(least)} ms, ${tries} times over ${longestAnswer} ms`,
        );
    }
    this.#slow.length = 0;
    connection.close();
  }

  async #sendOn(connection: Connection, request: WireRequest): Promise<Answer> {
    const { method } = request;
    const bytes = encodeRequest(request, this.#host);
    const answer = await connection.send({ bytes, method, patience });
    // The server may have closed a kept connection in the moment in which we sent (RFC 9112, section 9.3.1).
    return answer.status === 0 && !request.isBroken
      ? await connection.send({ bytes, method, patience })
      : answer;
  }

  #add(index: number, request: WireRequest, what: string): void {
    this.#faults.add({ part: this.#name, index, what, input: describeRequest(request) });
  }
}
