// What a client does all the time: it writes and reads, to machines of its own and to those of all.
import { Random } from "@pstore/fuzz/random";
import type { Journal, Outcome, Place, Write } from "../journal.ts";
import type { Client, Ended } from "./client.ts";
import { ownMachines, sharedMachines } from "./crew.ts";

/** One property of the shared machines is everybody's: who loses the race is told so. */
export const contested = "contested";

/** Of a value that is uploaded on its own, before the commit, in characters. */
const large = 200_000;

/** What a client says when somebody else was first: the server has not stored the change, and knows that it has not. */
const refusal = /^error: .*(?:nothing of yours was stored|look at it again and repeat the change)/m;

export class Work {
  readonly #client: Client;
  readonly #journal: Journal;
  readonly #random: Random;
  #count = 0;

  constructor(client: Client, journal: Journal, seed: number) {
    this.#client = client;
    this.#journal = journal;
    this.#random = new Random(seed, client.user.name, 0);
  }

  /** Runs one command after the other until it is over. */
  async go(isOver: () => boolean): Promise<void> {
    while (!isOver()) await this.#one();
  }

  #one(): Promise<void> {
    const { user } = this.#client;
    const random = this.#random;
    const own = [random.pick(ownMachines(user))];
    const shared = [random.pick(sharedMachines)];
    const dice = random.below(100);
    if (dice < 20) return this.#put("write to an own machine", own, `p${random.below(3)}`, "public");
    if (dice < 32) return this.#put("write to a shared machine", shared, `of-${user.name}`, "public");
    if (dice < 40) return this.#put("write to a contested property", shared, contested, "public");
    if (dice < 46) return this.#put("encrypted write to an own machine", own, "secret", "encrypted");
    if (dice < 50)
      return this.#put("encrypted write to a shared machine", shared, `secret-of-${user.name}`, "encrypted");
    if (dice < 53) return this.#put("write of a large value", own, "file", "encrypted", large);
    if (dice < 57) return this.#put("write to several machines", ownMachines(user), "each", "public");
    if (dice < 59)
      return this.#put("write to all shared machines", sharedMachines, `all-${user.name}`, "public");
    if (dice < 62) return this.#create();
    if (dice < 90) return this.#read();
    if (dice < 95) return this.#look("list", []);
    if (dice < 98) return this.#look("history", ["--history", ...shared]);
    return this.#look("search", ["--search", "password="]);
  }

  async #put(
    what: string,
    machines: readonly string[],
    property: string,
    kind: Write["kind"],
    size = 0,
  ): Promise<void> {
    const [first = ""] = machines;
    const where = machines.length === 1 ? [first] : [`--each=${first.replace(/-[^-]+$/, "-*")}`];
    await this.#write(what, [...where, kind === "public" ? "-ps" : "-pe", property], {
      ...{ machines, property, kind, size },
    });
  }

  async #create(): Promise<void> {
    const machine = `new-${this.#client.user.name}-${this.#count + 1}`;
    await this.#write("create", ["-c", machine], {
      ...{ machines: [machine], property: "password", kind: "encrypted", size: 0 },
    });
  }

  async #write(
    what: string,
    args: readonly string[],
    { size, ...where }: Pick<Write, "machines" | "property" | "kind"> & { readonly size: number },
  ): Promise<void> {
    const { name } = this.#client.user;
    const number = ++this.#count;
    const value = `${name} ${number} `.padEnd(size, "x");
    const ended = await this.#run(what, args, value);
    this.#journal.wrote({
      ...{ user: name, number, value, outcome: outcomeOf(ended), ended: performance.now() },
      ...where,
    });
  }

  async #read(): Promise<void> {
    const place = this.#readable();
    if (place === null) return await this.#look("list", []);
    const { machine, property, kind } = place;
    const began = performance.now();
    const { code, text } = await this.#run("read", ["-pg", machine, property]);
    if (code !== 0) return;
    this.#journal.reads.push({
      ...{ user: this.#client.user.name, machine, property, kind, value: text, began },
    });
  }

  /** Of what this client may read. */
  #readable(): Place | null {
    const own = ownMachines(this.#client.user);
    const all = this.#journal.places.filter(
      ({ machine }) => own.includes(machine) || sharedMachines.includes(machine),
    );
    return all.length === 0 ? null : this.#random.pick(all);
  }

  async #look(what: string, args: readonly string[]): Promise<void> {
    await this.#run(what, args);
  }

  async #run(what: string, args: readonly string[], stdin?: string): Promise<Ended> {
    const began = performance.now();
    const ended = await this.#client.run(args, stdin);
    const said = ended.stderr.split("\n").filter((line) => line !== "");
    const failed = ended.code !== 0;
    this.#journal.commands.push({ what, milliseconds: performance.now() - began, said, failed });
    return ended;
  }
}

function outcomeOf({ code, stderr }: Ended): Outcome {
  if (code === 0) return "acknowledged";
  return refusal.test(stderr) ? "refused" : "unknown";
}
