// A server and some users, each with a home, a state and a keyring of their own.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pstore } from "./executables.ts";
import { createFolder } from "./folder.ts";
import {
  createHome,
  type GnupgHome,
  generateKey,
  type HomeOptions,
  type KeyOptions,
  type TestKey,
} from "./gnupg.ts";
import { type Environment, type Finished, type Input, type RunOptions, run, start } from "./process.ts";
import { type ServerOptions, startServer, type TestServer, type UserOptions } from "./server.ts";
import { openTerminal, type TerminalOptions, type TerminalSession } from "./terminal.ts";

export interface MemberOptions extends UserOptions, HomeOptions {
  readonly name: string;
  /** The keys that are made for the user, without their user ids. Default: one of the default algorithm. */
  readonly makeKeys?: readonly Omit<KeyOptions, "userId">[];
}

export interface TeamOptions {
  /** A name alone: with the defaults. */
  readonly users: readonly (string | MemberOptions)[];
  readonly server?: ServerOptions;
}

/** What {@link User.pstore} takes beside the arguments. */
export interface PstoreOptions extends Omit<RunOptions, "env"> {
  /** Added to the user's environment. */
  readonly env?: Environment;
}

export class User {
  readonly name: string;
  /** `HOME`, with a `.pstorerc` that names the server and the user. */
  readonly home: string;
  readonly gnupg: GnupgHome;
  readonly keys: readonly TestKey[];
  readonly env: Environment;

  constructor(name: string, home: string, gnupg: GnupgHome, keys: readonly TestKey[]) {
    this.name = name;
    this.home = home;
    this.gnupg = gnupg;
    this.keys = keys;
    this.env = {
      HOME: home,
      XDG_STATE_HOME: join(home, ".local/state"),
      XDG_RUNTIME_DIR: join(home, "run"),
      ...gnupg.env,
    };
  }

  /** Fingerprint of the user's first key. */
  get fingerprint(): string {
    const key = this.keys[0];
    if (key === undefined) throw new Error(`${this.name} has no key.`);
    return key.fingerprint;
  }

  /** Runs the client to its end, by pipes. */
  pstore(args: readonly string[], options: PstoreOptions = {}): Promise<Finished> {
    return run([pstore, ...args], { cwd: this.home, ...options, env: { ...this.env, ...options.env } });
  }

  /** Starts the client with pipes, see {@link start}. */
  start(args: readonly string[], stdin?: Input) {
    return start([pstore, ...args], { cwd: this.home, env: this.env, ...(stdin !== undefined && { stdin }) });
  }

  /** Runs the client at a terminal. */
  terminal(args: readonly string[], options: TerminalOptions = {}): TerminalSession {
    return openTerminal([pstore, ...args], {
      cwd: this.home,
      ...options,
      env: { ...this.env, ...options.env },
    });
  }

  /** Replaces the user's `.pstorerc`. */
  async configure(...options: readonly string[]): Promise<void> {
    const file = join(this.home, ".pstorerc");
    await writeFile(file, `${options.join("\n")}\n`, { mode: 0o600 });
  }

  /** Forgets everything that the client remembers: pins, manifests and session, as on a new machine. */
  async forgetState(): Promise<void> {
    await rm(join(this.home, ".local/state"), { recursive: true, force: true });
    await this.forgetSession();
  }

  /** Forgets the session alone: the next command signs in. */
  async forgetSession(): Promise<void> {
    await rm(join(this.home, "run"), { recursive: true, force: true });
    await mkdir(join(this.home, "run"), { mode: 0o700 });
  }
}

export class Team implements AsyncDisposable {
  readonly server: TestServer;
  readonly #users = new Map<string, User>();

  constructor(server: TestServer) {
    this.server = server;
  }

  /** The user of that name. */
  user(name: string): User {
    const user = this.#users.get(name);
    if (user === undefined) throw new Error(`Nobody in the team is called ${name}.`);
    return user;
  }

  /** Makes a user with keys, at the server too. */
  async add(member: string | MemberOptions): Promise<User> {
    const options = typeof member === "string" ? { name: member } : member;
    const { name, makeKeys = [{}] } = options;
    const home = await createFolder();
    await mkdir(join(home, "run"), { mode: 0o700 });
    const gnupg = await createHome(options);
    const keys: TestKey[] = [];
    for (const key of makeKeys) {
      keys.push(await generateKey(gnupg, { ...key, userId: `${name} <${name}@example.com>` }));
    }
    const user = new User(name, home, gnupg, keys);
    this.#users.set(name, user);
    await user.configure(`--store-url=${this.server.url}`, `--user=${name}`);
    await this.server.addUser(name, gnupg, options);
    return user;
  }

  /** Ends server and agents and removes all folders; also at the end of an `await using`. */
  async dispose(): Promise<void> {
    for (const user of this.#users.values()) {
      await user.gnupg.dispose();
      await rm(user.home, { recursive: true, force: true });
    }
    await this.server.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/** Starts a server and makes its users. */
export async function createTeam(options: TeamOptions): Promise<Team> {
  const team = new Team(await startServer(options.server));
  try {
    for (const user of options.users) await team.add(user);
  } catch (error) {
    await team.dispose();
    throw error;
  }
  return team;
}

/** Runs a command that must succeed, and answers what it printed. */
export async function does(user: User, args: readonly string[], stdin?: string): Promise<string> {
  const { code, text, stderr } = await user.pstore(args, stdin === undefined ? {} : { stdin });
  if (code !== 0) throw new Error(`${user.name}: pstore ${args.join(" ")} ended with ${code}: ${stderr}`);
  return text;
}
