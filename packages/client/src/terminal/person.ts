import { visible, visibleLine } from "@pstore/core/visible";
import type { Messages } from "../io.ts";
import type { Person, Progress } from "../person.ts";
import { makeRoom, ProgressBar } from "./progress.ts";

/** The person at the terminal: told on stderr, asked at /dev/tty. */
export class PersonAtTerminal implements Person {
  readonly #stderr: Messages;
  readonly #isVerbose: boolean;
  readonly #yes: boolean;
  readonly #said = new Set<string>();

  constructor(stderr: Messages, options: { verbose: boolean; yes: boolean }) {
    this.#stderr = stderr;
    this.#isVerbose = options.verbose;
    this.#yes = options.yes;
  }

  get isPresent(): boolean {
    return this.#stderr.isTerminal;
  }

  notice(text: string): void {
    this.#say(`NOTICE: ${text}`);
  }

  warn(text: string): void {
    this.#say(`WARNING: ${text}`);
  }

  show(text: string): void {
    makeRoom();
    this.#stderr.write(`${this.#stderr.isTerminal ? visible(text) : text}\n`);
  }

  detail(text: string): void {
    if (this.#isVerbose) this.#say(text);
  }

  async confirm(question: string): Promise<boolean> {
    if (this.#yes) return true;
    const { confirm } = await import("./prompt.ts");
    return confirm(visibleLine(question));
  }

  progress(label: string, total: number | null, unit: "bytes" | "items" = "bytes"): Progress {
    if (!this.#stderr.isTerminal) return { advance() {}, done() {} };
    const columns = () => process.stderr.columns || 80;
    return new ProgressBar(this.#stderr, visibleLine(label), total, unit, columns);
  }

  #say(text: string): void {
    if (this.#said.has(text)) return;
    this.#said.add(text);
    makeRoom();
    this.#stderr.write(`${visibleLine(text)}\n`);
  }
}
