// Ordinary requests, as clients make them, and what the server holds in memory meanwhile.
import { apiPath } from "@pstore/core/api/schemas";
import type { Faults } from "../faults.ts";
import { Exchange } from "../http/exchange.ts";
import type { WireRequest } from "../http/request.ts";
import type { Objects } from "../objects.ts";
import type { Part } from "../part.ts";
import { Random } from "../random.ts";
import type { Sessions } from "../sessions.ts";
import type { Target } from "../target.ts";
import { enough, megabytes } from "./growth.ts";

const atOnce = 8;

/** How many times as much as in the second tenth of the run the server may hold in the last one. */
const flat = 1.15;

/** How many samples are taken over the whole run. */
const samples = 100;

export class MemoryPart implements Part {
  readonly name = "memory";
  readonly atOnce = atOnce;
  readonly #context;
  readonly #exchange: Exchange;
  readonly #every: number;
  readonly #resident: number[] = [];

  constructor(context: {
    readonly target: Target;
    readonly sessions: Sessions;
    readonly objects: Objects;
    readonly seed: number;
    readonly count: number;
    readonly faults: Faults;
  }) {
    this.#context = context;
    const { target, faults, count } = context;
    this.#exchange = new Exchange({ name: this.name, url: target.url, atOnce, faults });
    this.#every = Math.max(1, Math.floor(count / samples));
  }

  async run(index: number, worker: number): Promise<void> {
    const random = new Random(this.#context.seed, this.name, index);
    const { request, manifest } = this.#make(random);
    const judge = (_: WireRequest, { status }: { status: number }) =>
      // Two clients may change the same object at once.
      status === 200 || (status === 409 && manifest !== null) ? null : `${status} to an ordinary request`;
    const { status } = await this.#exchange.send(index, worker, request, judge);
    if (status === 200 && manifest !== null) this.#context.objects.learn(manifest);
    if (index % this.#every === 0) this.#resident.push(this.#context.target.resident);
  }

  end(): Promise<void> {
    return this.#exchange.end();
  }

  get lines(): readonly string[] {
    const { early, late, most } = this.#result;
    const ratio = (late / early).toFixed(2);
    return [
      `ordinary requests: ${megabytes(early)} in the second tenth, ${megabytes(late)} in the last one, × ${ratio}; at most ${megabytes(most)}`,
    ];
  }

  get faults(): readonly string[] {
    const { early, late } = this.#result;
    return this.#context.count >= enough && late > early * flat
      ? [`memory is not flat under ordinary requests: × ${(late / early).toFixed(2)}`]
      : [];
  }

  /** In bytes: the medians of the second and of the last tenth of the run, the first one being the warm-up. */
  get #result(): { readonly early: number; readonly late: number; readonly most: number } {
    const tenth = (which: number) => {
      const { length } = this.#resident;
      const part = this.#resident.slice(
        Math.floor((which * length) / 10),
        Math.ceil(((which + 1) * length) / 10),
      );
      return part.toSorted((a, b) => a - b)[part.length >> 1] ?? Number.NaN;
    };
    return { early: tenth(1), late: tenth(9), most: Math.max(...this.#resident) };
  }

  #make(random: Random): { request: WireRequest; manifest: string | null } {
    const { sessions, objects } = this.#context;
    const ann = sessions.signer("ann");
    const headers = [["authorization", `Bearer ${ann.token}`]] as const;
    const get = (path: string) => ({
      request: { method: "GET", target: `${apiPath}${path}`, headers, body: null, isBroken: false },
      manifest: null,
    });
    const post = (path: string, json: unknown, manifest: string | null = null) => ({
      request: {
        ...{ method: "POST", target: `${apiPath}${path}`, headers },
        ...{ body: Buffer.from(JSON.stringify(json)), isBroken: false },
      },
      manifest,
    });
    const name = random.pick(objects.names);
    switch (random.below(20)) {
      case 0: {
        const change = objects.next(random);
        return post("/commits", objects.commit(ann, [change]), change.manifest);
      }
      case 1:
        return post("/search", { key: "address", all: false });
      case 2:
        return post("/details", { names: [name], value: "password", users: [], have: [] });
      case 3:
      case 4:
        return get("/objects?q=machine");
      case 5:
        return get(`/objects/${random.pick(objects.ids)}/history?from=1&to=3`);
      case 6:
      case 7:
        return get("/challenge");
      case 8:
        return get("/users?name=ann&name=joe");
      default:
        return get(`/object?name=${name}&value=password&keys=members`);
    }
  }
}
