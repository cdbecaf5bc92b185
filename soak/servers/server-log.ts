// What all servers of a store wrote to their logs.

/** How many of the last lines are kept for whoever looks for a fault. */
const kept = 50;

export class ServerLog {
  /** `STATUS METHOD ROUTE` → how often a request was answered so. */
  readonly answers = new Map<string, number>();
  /** Each message, with other numbers and places left out → how often. */
  readonly messages = new Map<string, number>();
  readonly #tail: string[] = [];

  /** Takes what a server writes, until it ends. @returns what it wrote last */
  async collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
    const decoder = new TextDecoder();
    let rest = "";
    let last = "";
    for await (const bytes of stream) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#take(line);
      last = lines.length === 0 ? last : `${lines.at(-1)}\n`;
    }
    // A process that is killed may stop in the middle of a line.
    return last;
  }

  /** The last lines. */
  get tail(): string {
    return this.#tail.join("\n");
  }

  /** How many requests were answered with a status. */
  count(status: number): number {
    return [...this.answers]
      .filter(([key]) => key.startsWith(`${status} `))
      .reduce((sum, [, count]) => sum + count, 0);
  }

  #take(line: string): void {
    const { kind, ...entry } = readLine(line);
    if (kind === "audit") return;
    this.#tail.push(line);
    if (this.#tail.length > kept) this.#tail.shift();
    if (kind === "request") add(this.answers, `${entry["status"]} ${entry["method"]} ${entry["route"]}`);
    else add(this.messages, String(entry["message"] ?? entry["text"] ?? line));
  }
}

/** One that is no JSON is a message of its own. */
function readLine(line: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return { kind: "message", text: line };
  }
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
