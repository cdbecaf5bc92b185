// Users whose OpenPGP key lies in a file, on a machine without GnuPG.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Fingerprint, openpgpFingerprint } from "@pstore/core/fingerprint";
import { Account, createHomeFolder } from "./account.ts";
import { createHome, exportPublic, exportSecret, generateKey, type KeyOptions } from "./gnupg.ts";
import type { Team } from "./team.ts";
import { withoutGpg } from "./without-gpg.ts";

export interface KeyFileUserOptions extends Omit<KeyOptions, "userId" | "cache"> {
  /** The key logs in and signs, and nothing is encrypted to it. Default: false. */
  readonly writeOnly?: boolean;
  /** Further arguments of `user add`, for example `--view-any`. */
  readonly flags?: readonly string[];
  /** Whether a `gpg` is found in the user's `PATH`. Default: false. */
  readonly hasGpg?: boolean;
}

interface KeyFile {
  /** The armored private key, mode 0600. */
  readonly file: string;
  readonly fingerprint: Fingerprint;
  /** The encryption subkey; `null` where the key only signs. */
  readonly encryption: Fingerprint | null;
  /** The armored public key. */
  readonly block: string;
  readonly passphrase: string | null;
}

export class KeyFileUser extends Account {
  /** The user's key. Its passphrase is in a file that `PSTORE_PASSPHRASE_FILE` names, except at a terminal. */
  readonly openpgp: KeyFile;

  constructor(name: string, home: string, openpgp: KeyFile, env = {}, unattended = {}) {
    super(name, home, { env, unattended });
    this.openpgp = openpgp;
  }

  get key(): Fingerprint {
    return this.openpgp.fingerprint;
  }

  get part(): Fingerprint {
    const { encryption } = this.openpgp;
    if (encryption === null) throw new Error(`${this.name}'s key only signs.`);
    return encryption;
  }

  publicKey(): Promise<string> {
    return Promise.resolve(this.openpgp.block);
  }
}

/** Makes a user with an OpenPGP key in `~/key.asc`, which `.pstorerc` names, at the server too. */
export async function addKeyFileUser(
  team: Team,
  name: string,
  options: KeyFileUserOptions = {},
): Promise<KeyFileUser> {
  const home = await createHomeFolder();
  const openpgp = await makeKeyFile(join(home, "key.asc"), name, options);
  const unattended = { PSTORE_PASSPHRASE_FILE: join(home, "passphrase") };
  if (openpgp.passphrase !== null)
    await writeFile(unattended.PSTORE_PASSPHRASE_FILE, `${openpgp.passphrase}\n`, { mode: 0o600 });
  const user = new KeyFileUser(
    name,
    home,
    openpgp,
    options.hasGpg === true ? {} : await withoutGpg(home),
    openpgp.passphrase === null ? {} : unattended,
  );
  await team.admit(user, `--identity=${openpgp.file}`);
  await team.server.addUser(name, undefined, options);
  await team.server.addKey(name, openpgp.block, options.writeOnly === true ? ["--write-only"] : []);
  return user;
}

/** Makes a key with GnuPG, in a home that is gone when its file is there. */
async function makeKeyFile(file: string, name: string, options: KeyFileUserOptions): Promise<KeyFile> {
  await using gnupg = await createHome();
  const { algorithm, passphrase, expires, usage, created } = options;
  const { fingerprint, encryption } = await generateKey(gnupg, {
    userId: `${name} <${name}@example.com>`,
    ...(algorithm && { algorithm }),
    ...(passphrase && { passphrase }),
    ...(expires && { expires }),
    ...(usage && { usage }),
    ...(created && { created }),
  });
  await writeFile(file, await exportSecret(gnupg, fingerprint, passphrase), { mode: 0o600 });
  return {
    file,
    fingerprint: openpgpFingerprint(fingerprint),
    encryption: encryption === null ? null : openpgpFingerprint(encryption),
    block: await exportPublic(gnupg, fingerprint),
    passphrase: passphrase ?? null,
  };
}
