// A server and some users, each with a home, a state and a keyring of their own.
import { rm } from "node:fs/promises";
import { type Fingerprint, openpgpFingerprint } from "@pstore/core/fingerprint";
import { Account, createHomeFolder } from "./account.ts";
import {
  createHome,
  exportPublic,
  type GnupgHome,
  generateKey,
  type HomeOptions,
  type KeyOptions,
  type TestKey,
} from "./gnupg.ts";
import type { Input } from "./process.ts";
import { type ServerOptions, startServer, type TestServer, type UserOptions } from "./server.ts";

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

/** A user with a GnuPG home. */
export class User extends Account {
  readonly gnupg: GnupgHome;
  readonly keys: readonly TestKey[];

  constructor(name: string, home: string, gnupg: GnupgHome, keys: readonly TestKey[]) {
    super(name, home, { env: gnupg.env });
    this.gnupg = gnupg;
    this.keys = keys;
  }

  /** Fingerprint of the user's first key, 40 hexadecimal digits. */
  get fingerprint(): string {
    const key = this.keys[0];
    if (key === undefined) throw new Error(`${this.name} has no key.`);
    return key.fingerprint;
  }

  get key(): Fingerprint {
    return openpgpFingerprint(this.fingerprint);
  }

  get part(): Fingerprint {
    const part = this.keys[0]?.encryption;
    if (!part) throw new Error(`${this.name} has no key to encrypt to.`);
    return openpgpFingerprint(part);
  }

  publicKey(): Promise<string> {
    return exportPublic(this.gnupg, this.fingerprint);
  }

  override async dispose(): Promise<void> {
    await this.gnupg.dispose();
    await rm(this.home, { recursive: true, force: true });
  }
}

export class Team implements AsyncDisposable {
  readonly server: TestServer;
  readonly #users = new Map<string, User>();
  readonly #accounts: Account[] = [];

  constructor(server: TestServer) {
    this.server = server;
  }

  /** The user of that name, of those with a GnuPG home. */
  user(name: string): User {
    const user = this.#users.get(name);
    if (user === undefined) throw new Error(`Nobody in the team is called ${name}.`);
    return user;
  }

  /** Several of them, in this order. */
  users<const Names extends readonly string[]>(...names: Names): { [At in keyof Names]: User } {
    return names.map((name) => this.user(name)) as { [At in keyof Names]: User };
  }

  /** Makes a user with GnuPG keys, at the server too; those with other keys: ssh-user.ts, key-file-user.ts. */
  async add(member: string | MemberOptions): Promise<User> {
    const options = typeof member === "string" ? { name: member } : member;
    const { name, makeKeys = [{}] } = options;
    const home = await createHomeFolder();
    const gnupg = await createHome(options);
    const keys: TestKey[] = [];
    for (const key of makeKeys) {
      keys.push(await generateKey(gnupg, { ...key, userId: `${name} <${name}@example.com>` }));
    }
    const user = new User(name, home, gnupg, keys);
    this.#users.set(name, user);
    await this.admit(user);
    await this.server.addUser(name, gnupg, options);
    return user;
  }

  /** Tells a user's client where the store is; the user goes with the team. */
  async admit(user: Account, ...options: readonly string[]): Promise<void> {
    this.#accounts.push(user);
    await user.configure(`--store-url=${this.server.url}`, `--user=${user.name}`, ...options);
  }

  /** Ends server and agents and removes all folders; also at the end of an `await using`. */
  async dispose(): Promise<void> {
    for (const user of this.#accounts) await user.dispose();
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
export async function does(user: Account, args: readonly string[], stdin?: Input): Promise<string> {
  const { code, text, stderr } = await user.pstore(args, stdin === undefined ? {} : { stdin });
  if (code !== 0) throw new Error(`${user.name}: pstore ${args.join(" ")} ended with ${code}: ${stderr}`);
  return text;
}
