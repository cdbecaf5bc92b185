import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import { Problem } from "@pstore/core/problem";
import type { SshKey } from "@pstore/core/ssh/public-key";
import type { Keyring, PrivateKey } from "../keyring.ts";
import { Several } from "../several.ts";
import { TooOpen } from "./private-file.ts";

/** The files that come first, if they are there. */
const usual = ["id_ed25519", "id_rsa"];

/** How many keys of an agent are named one by one. */
const fewKeys = 3;

/** The keys in `~/.ssh/id_*`, where ssh itself looks. One that cannot be used is passed over. */
export class SshFolder extends Several {
  readonly #home: string | undefined;
  readonly #open: (name: string) => Promise<Keyring>;
  readonly #inAgent: () => Promise<readonly SshKey[]>;
  #names: Promise<readonly string[]> | null = null;
  readonly #keyrings = new Map<string, Promise<Keyring | null>>();
  /** What was looked at, with why not where it is not used. */
  readonly #looked = new Map<string, string>();
  /** The files that others may read. */
  readonly #tooOpen: string[] = [];
  #isInAgentAlone = false;

  /**
   * @param open opens the file of an SSH key, by its name from `~/` on
   * @param inAgent the keys that an ssh-agent holds
   */
  constructor(
    home: string | undefined,
    open: (name: string) => Promise<Keyring>,
    inAgent: () => Promise<readonly SshKey[]>,
  ) {
    super();
    this.#home = home;
    this.#open = open;
    this.#inAgent = inAgent;
  }

  get remedy(): string | null {
    const isOne = this.#tooOpen.length === 1;
    const remedies = [
      ...(this.#tooOpen.length === 0
        ? []
        : [`chmod 600 ${this.#tooOpen.join(" ")}, if ${isOne ? "that" : "one of these"} is yours`]),
      ...(this.#isInAgentAlone
        ? ["give the file of your key as --identity, since an ssh-agent cannot decrypt"]
        : []),
    ];
    return remedies.length === 0 ? null : remedies.join(", or ");
  }

  override async list(among?: readonly Fingerprint[]): Promise<readonly PrivateKey[]> {
    const keys = await super.list();
    const isHere = (fingerprint: Fingerprint) => keys.some((key) => key.fingerprint === fingerprint);
    // An agent may keep us waiting: it is asked where it could explain something.
    if (among?.some(isHere) !== true) await this.#lookInAgent(isHere, among);
    return keys;
  }

  /** An agent can sign, and not decrypt: a key of which it holds all that is here is named, and not used. */
  async #lookInAgent(isHere: (key: Fingerprint) => boolean, among: readonly Fingerprint[] | undefined) {
    const held = (await this.#inAgent()).map(({ fingerprint }) => fingerprint);
    const alone = held.filter((key) => !isHere(key) && among?.includes(key) !== false);
    if (alone.length === 0) return;
    this.#isInAgentAlone = true;
    const which = alone.length > fewKeys ? `${alone.length} keys` : alone.map(readable).join(", ");
    this.#looked.set("agent", `ssh-agent (it holds ${which}, and the file is not here)`);
  }

  get lookedAt(): string {
    return [...this.#looked.values()].join(", ") || "~/.ssh/id_*";
  }

  protected async *opened(): AsyncGenerator<Keyring> {
    this.#names ??= this.#list();
    for (const name of await this.#names) {
      const opening = this.#keyrings.get(name) ?? this.#opened(`~/.ssh/${name}`);
      this.#keyrings.set(name, opening);
      const keyring = await opening;
      if (keyring !== null) yield keyring;
    }
  }

  async #opened(name: string): Promise<Keyring | null> {
    try {
      const keyring = await this.#open(name);
      this.#looked.set(name, name);
      return keyring;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error instanceof TooOpen) this.#tooOpen.push(error.file);
      this.#looked.set(name, `${name} (${reasonIn(error.message, name)})`);
      return null;
    }
  }

  /** The names of the files that may be keys, the likeliest first. */
  async #list(): Promise<readonly string[]> {
    const names = await this.#keyNames();
    if (names.length === 0) this.#looked.set("", "~/.ssh/id_* (there is none)");
    const others = names.filter((name) => !usual.includes(name)).sort();
    return [...usual.filter((name) => names.includes(name)), ...others];
  }

  async #keyNames(): Promise<string[]> {
    if (!this.#home) return [];
    const folder = join(this.#home, ".ssh");
    const names = await readdir(folder).catch(() => []);
    const candidates = names.filter((name) => name.startsWith("id_") && !name.endsWith(".pub"));
    // Whoever puts a pipe there is not waited for.
    const areFiles = await Promise.all(candidates.map((name) => isFile(join(folder, name))));
    return candidates.filter((_, index) => areFiles[index]);
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** Why a file is not used, out of the sentence that says it: without its name, and what to do. */
function reasonIn(sentence: string, name: string): string {
  const about = sentence
    .replace(/^.* cannot be used: /, "")
    .replace(`${name}: `, "")
    .replace(` of ${name}`, "")
    .replace(`${name} is `, "");
  return about.split("; ")[0] ?? about;
}
