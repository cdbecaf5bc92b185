// Users whose key is one of OpenSSH, in ~/.ssh of a home of their own.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Fingerprint } from "@pstore/core/fingerprint";
import { Account, createHomeFolder } from "./account.ts";
import { generateSshKey, type SshKeyOptions, type SshTestKey } from "./ssh-key.ts";
import type { Team } from "./team.ts";
import { withoutGpg } from "./without-gpg.ts";

export interface SshUserOptions extends SshKeyOptions {
  /** The key logs in and signs, and nothing is encrypted to it. Default: false. */
  readonly writeOnly?: boolean;
  /** Further arguments of `user add`, for example `--view-any`. */
  readonly flags?: readonly string[];
  /** Whether a `gpg` is found in the user's `PATH`. Default: true. */
  readonly hasGpg?: boolean;
  /** Default: `.ssh/id_ed25519` and the like, below the home. */
  readonly file?: string;
}

export class SshUser extends Account {
  /** The user's key. Its passphrase is in a file that `PSTORE_PASSPHRASE_FILE` names, except at a terminal. */
  readonly ssh: SshTestKey;

  constructor(name: string, home: string, ssh: SshTestKey, env = {}, unattended = {}) {
    super(name, home, { env, unattended });
    this.ssh = ssh;
  }

  get key(): Fingerprint {
    return this.ssh.fingerprint;
  }

  get part(): Fingerprint {
    return this.ssh.fingerprint;
  }

  publicKey(): Promise<string> {
    return Promise.resolve(this.ssh.line);
  }
}

/** Makes a user with an SSH key, at the server too. */
export async function addSshUser(team: Team, name: string, options: SshUserOptions): Promise<SshUser> {
  const home = await createHomeFolder();
  const ssh = await generateSshKey(join(home, options.file ?? `.ssh/id_${options.type}`), options);
  const unattended = { PSTORE_PASSPHRASE_FILE: join(home, "passphrase") };
  if (ssh.passphrase !== null)
    await writeFile(unattended.PSTORE_PASSPHRASE_FILE, `${ssh.passphrase}\n`, { mode: 0o600 });
  const user = new SshUser(
    name,
    home,
    ssh,
    options.hasGpg === false ? await withoutGpg(home) : {},
    ssh.passphrase === null ? {} : unattended,
  );
  await team.admit(user);
  await team.server.addUser(name, undefined, options);
  await team.server.addKey(name, ssh.line, options.writeOnly === true ? ["--write-only"] : []);
  return user;
}
