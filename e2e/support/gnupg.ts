// Real GnuPG in throw-away homes: keys, passphrases, and an agent that counts what it does.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createFolder } from "./folder.ts";
import { type Environment, type Finished, type Input, run, succeed } from "./process.ts";

export interface GnupgHome extends AsyncDisposable {
  /** The folder: its `GNUPGHOME`. */
  readonly path: string;
  /** What a program needs to use this home. */
  readonly env: Environment;
  /** Ends the agent and removes the folder; also at the end of an `await using`. */
  dispose(): Promise<void>;
}

export interface HomeOptions {
  /**
   * Leave it to the agent how often a passphrase is hashed: some 100 ms for every private-key operation, as users
   * have it. Default: false, the least that GnuPG accepts.
   */
  readonly calibratedPassphrases?: boolean;
  /** Let the agent log its work, for {@link privateKeyOperations}. Default: false. */
  readonly countOperations?: boolean;
}

/**
 * What GnuPG 2.2 makes. One name: the same for the primary key and the encryption subkey; with a slash: primary,
 * then subkey.
 */
export type Algorithm =
  | "ed25519/cv25519"
  | "rsa1024"
  | "rsa2048"
  | "rsa3072"
  | "rsa4096"
  | "nistp256"
  | "nistp384"
  | "nistp521"
  | "brainpoolP256r1"
  | "brainpoolP384r1"
  | "brainpoolP512r1"
  | "secp256k1"
  | "dsa2048/elg2048";

export interface KeyOptions {
  /** Default: `ed25519/cv25519`, the fastest to make. */
  readonly algorithm?: Algorithm;
  /** For example `Walter <walter@example.com>`. */
  readonly userId: string;
  /** Default: none. */
  readonly passphrase?: string;
  /** As GnuPG reads it: `30d`, `1y`, `2030-01-31`, `seconds=5`. Default: never. */
  readonly expires?: string;
  /** `sign`: a primary key alone, to which nothing can be encrypted. Default: `sign+encrypt`. */
  readonly usage?: "sign" | "sign+encrypt";
  /** The time of creation, `20200101T000000` (UTC): with `expires` for a key that has expired. Default: now. */
  readonly created?: string;
  /**
   * Calls in one process with the same name and options get one and the same key, made once: for what is slow to
   * make. Default: a new key for every call.
   */
  readonly cache?: string;
}

export interface TestKey {
  /** Fingerprint of the primary key, 40 upper-case hexadecimal digits. */
  readonly fingerprint: string;
  /** Fingerprint of the encryption subkey, if there is one. */
  readonly encryption: string | null;
}

interface CachedKey {
  readonly key: TestKey;
  readonly secret: string;
  readonly revocation: string;
}

const cachedKeys = new Map<string, Promise<CachedKey>>();

// Speaks the Assuan protocol that gpg-agent expects of a pinentry: one line in, `OK` or `ERR` out, data lines
// percent-encoded. Notes every question in a file, and cancels when it has no answer.
const PINENTRY = `#!/bin/sh
cd "$(dirname "$0")" || exit 1
echo "OK ready"
while read -r command rest; do
  case "$command" in
    SETDESC) description=$rest; echo OK ;;
    GETINFO) case "$rest" in pid) echo "D $$" ;; *) echo "D test" ;; esac; echo OK ;;
    GETPIN)
      echo "$description" >> pinentry-asked
      if [ -f pinentry-answer ]; then echo "D $(cat pinentry-answer)"; echo OK
      else echo "ERR 83886179 Operation cancelled <Pinentry>"; fi ;;
    BYE) echo OK; exit 0 ;;
    *) echo OK ;;
  esac
done
`;

/** Makes a home with an agent of its own, whose pinentry cancels until {@link answerPassphrase} is called. */
export async function createHome(options: HomeOptions = {}): Promise<GnupgHome> {
  const path = await createFolder();
  const pinentry = join(path, "pinentry");
  await writeFile(pinentry, PINENTRY, { mode: 0o700 });
  const lines = [`pinentry-program ${pinentry}`, "allow-preset-passphrase"];
  if (options.calibratedPassphrases !== true) lines.push("s2k-count 65536");
  if (options.countOperations === true) lines.push(`log-file ${join(path, "agent.log")}`, "debug ipc");
  await writeFile(join(path, "gpg-agent.conf"), `${lines.join("\n")}\n`);
  const dispose = async () => {
    await run(["gpgconf", "--homedir", path, "--kill", "all"]);
    // Where there is a /run/user/UID, the sockets lie there.
    await run(["gpgconf", "--homedir", path, "--remove-socketdir"]);
    await rm(path, { recursive: true, force: true });
  };
  return { path, env: { GNUPGHOME: path }, dispose, [Symbol.asyncDispose]: dispose };
}

/** Runs `gpg --batch` in a home, whatever its exit code. */
export function gpg(home: GnupgHome, args: readonly string[], stdin?: Input): Promise<Finished> {
  return run(["gpg", "--batch", "--no-tty", ...args], { env: home.env, ...(stdin && { stdin }) });
}

/** Runs `gpg --batch` in a home and throws unless it succeeds. */
async function gpgSucceeds(home: GnupgHome, args: readonly string[], stdin?: Input): Promise<Finished> {
  return await succeed(["gpg", "--batch", "--no-tty", ...args], { env: home.env, ...(stdin && { stdin }) });
}

const loopback = (passphrase = "") => ["--pinentry-mode", "loopback", "--passphrase", passphrase];

/** Makes a key (or takes it out of the cache); afterwards the agent knows no passphrase. */
export async function generateKey(home: GnupgHome, options: KeyOptions): Promise<TestKey> {
  if (options.cache === undefined) return generate(home, options);
  const name = JSON.stringify(Object.entries(options).sort());
  const cached = cachedKeys.get(name);
  if (cached === undefined) {
    const made = generate(home, options).then(async (key) => ({
      key,
      secret: await exportSecret(home, key.fingerprint, options.passphrase),
      revocation: await readFile(revocationFile(home, key.fingerprint), "utf8"),
    }));
    cachedKeys.set(name, made);
    return (await made).key;
  }
  const { key, secret, revocation } = await cached;
  await importKeys(home, secret);
  await gpgSucceeds(home, ["--import-ownertrust"], `${key.fingerprint}:6:\n`);
  await mkdir(join(home.path, "openpgp-revocs.d"), { recursive: true, mode: 0o700 });
  await writeFile(revocationFile(home, key.fingerprint), revocation);
  return key;
}

async function generate(home: GnupgHome, options: KeyOptions): Promise<TestKey> {
  const { algorithm = "ed25519/cv25519", usage = "sign+encrypt", expires = "never" } = options;
  const [primary = "", subkey = primary] = algorithm.split("/");
  const common = [
    ...loopback(options.passphrase),
    ...(options.created === undefined ? [] : ["--faked-system-time", `${options.created}!`]),
  ];
  const made = await gpgSucceeds(home, [
    ...common,
    "--status-fd",
    "1",
    "--yes", // A second key of the same user is wanted.
    "--quick-generate-key",
    options.userId,
    primary,
    "cert,sign",
    expires,
  ]);
  const fingerprint = /KEY_CREATED . ([0-9A-F]{40})/.exec(made.text)?.[1];
  if (fingerprint === undefined) throw new Error(`gpg made no key for ${options.userId}: ${made.stderr}`);
  if (usage === "sign+encrypt") {
    await gpgSucceeds(home, [...common, "--quick-add-key", fingerprint, subkey, "encr", expires]);
  }
  await forgetPassphrases(home);
  return { fingerprint, encryption: (await subkeys(home, fingerprint)).encryption.at(-1) ?? null };
}

/** Adds a subkey and returns its fingerprint. `created` and `expires` as for {@link generateKey}. */
export async function addSubkey(
  home: GnupgHome,
  fingerprint: string,
  options: {
    algorithm: string;
    usage: "sign" | "encr";
    expires?: string;
    created?: string;
    passphrase?: string;
  },
): Promise<string> {
  const { algorithm, usage, expires = "never", created } = options;
  const before = await subkeys(home, fingerprint);
  await gpgSucceeds(home, [
    ...loopback(options.passphrase),
    ...(created === undefined ? [] : ["--faked-system-time", `${created}!`]),
    "--quick-add-key",
    fingerprint,
    algorithm,
    usage,
    expires,
  ]);
  const added = (await subkeys(home, fingerprint)).all.find((subkey) => !before.all.includes(subkey));
  if (added === undefined) throw new Error(`gpg added no subkey to ${fingerprint}.`);
  return added;
}

/** Fingerprints of the subkeys, in the order of the key block; the layout is in GnuPG's `doc/DETAILS`. */
async function subkeys(home: GnupgHome, fingerprint: string) {
  const { text } = await gpgSucceeds(home, ["--list-keys", "--with-colons", fingerprint]);
  const all: string[] = [];
  const encryption: string[] = [];
  let capabilities: string | undefined;
  for (const line of text.split("\n")) {
    const fields = line.split(":");
    if (fields[0] === "sub") capabilities = fields[11];
    if (fields[0] !== "fpr" || capabilities === undefined) continue;
    all.push(fields[9] ?? "");
    if (capabilities.includes("e")) encryption.push(fields[9] ?? "");
    capabilities = undefined;
  }
  return { all, encryption };
}

/** The fingerprints of all primary keys whose user id holds a text, oldest first. */
export async function fingerprints(home: GnupgHome, userId = ""): Promise<string[]> {
  const { text } = await gpg(home, ["--list-keys", "--with-colons", ...(userId === "" ? [] : [userId])]);
  return [...text.matchAll(/^pub:.*\n(?:tru:.*\n)?fpr:{9}([0-9A-F]{40}):/gm)].map((match) => match[1] ?? "");
}

/** A fingerprint as GnuPG and pstore show it: in groups of four, the halves apart. */
export function spaced(fingerprint: string): string {
  const groups = fingerprint.match(/.{4}/g) ?? [];
  return `${groups.slice(0, 5).join(" ")}  ${groups.slice(5).join(" ")}`;
}

/** The armored public key block. */
export async function exportPublic(home: GnupgHome, fingerprint: string): Promise<string> {
  const { text } = await gpgSucceeds(home, ["--armor", "--export", fingerprint]);
  if (text === "") throw new Error(`There is no public key ${fingerprint} in ${home.path}.`);
  return text;
}

/** The armored private key block. */
export async function exportSecret(
  home: GnupgHome,
  fingerprint: string,
  passphrase?: string,
): Promise<string> {
  const { text } = await gpgSucceeds(home, [
    ...loopback(passphrase),
    "--armor",
    "--export-secret-keys",
    fingerprint,
  ]);
  await forgetPassphrases(home);
  return text;
}

/** Imports public or private key blocks, armored or not. */
export async function importKeys(home: GnupgHome, keys: Input): Promise<void> {
  await gpgSucceeds(home, ["--import"], keys);
}

const revocationFile = (home: GnupgHome, fingerprint: string) =>
  join(home.path, "openpgp-revocs.d", `${fingerprint}.rev`);

/** Revokes a whole key, with the certificate that GnuPG wrote when it made the key. */
export async function revokeKey(home: GnupgHome, fingerprint: string): Promise<void> {
  const file = await readFile(revocationFile(home, fingerprint), "utf8");
  // A colon stands before the armor, so that nobody imports the file by accident.
  await importKeys(home, file.replace(/^:-----BEGIN/m, "-----BEGIN"));
}

/** Revokes one subkey. */
export async function revokeSubkey(
  home: GnupgHome,
  fingerprint: string,
  subkey: string,
  passphrase?: string,
): Promise<void> {
  const dialogue = [`key ${subkey.slice(-16)}`, "revkey", "y", "0", "", "y", "save", ""].join("\n");
  const args = ["gpg", "--no-tty", ...loopback(passphrase), "--command-fd", "0", "--edit-key", fingerprint];
  await succeed(args, { env: home.env, stdin: dialogue });
  await forgetPassphrases(home);
}

/** Changes when a key and its subkeys expire, counted from now. */
export async function setExpiry(
  home: GnupgHome,
  fingerprint: string,
  expires: string,
  passphrase?: string,
): Promise<void> {
  await gpgSucceeds(home, [...loopback(passphrase), "--quick-set-expire", fingerprint, expires]);
  await gpgSucceeds(home, [...loopback(passphrase), "--quick-set-expire", fingerprint, expires, "*"]);
  await forgetPassphrases(home);
}

/** What the home's pinentry answers from now on; `null`: it is cancelled. */
export async function answerPassphrase(home: GnupgHome, passphrase: string | null): Promise<void> {
  const file = join(home.path, "pinentry-answer");
  if (passphrase === null) return rm(file, { force: true });
  await writeFile(file, passphrase.replaceAll("%", "%25").replaceAll("\n", "%0A").replaceAll("\r", "%0D"));
}

/** How often the home's pinentry was asked since the home was made. */
export async function timesAsked(home: GnupgHome): Promise<number> {
  const asked = await readFile(join(home.path, "pinentry-asked"), "utf8").catch(() => "");
  return asked.split("\n").length - 1;
}

/** Lets the agent hold the passphrase of a key and its subkeys, as it does after a first use. */
export async function presetPassphrase(
  home: GnupgHome,
  fingerprint: string,
  passphrase: string,
): Promise<void> {
  const { text } = await gpgSucceeds(home, ["--list-keys", "--with-colons", "--with-keygrip", fingerprint]);
  const hex = Buffer.from(passphrase, "utf8").toString("hex").toUpperCase();
  for (const [, keygrip] of text.matchAll(/^grp:{9}([0-9A-F]{40}):/gm)) {
    await agent(home, `PRESET_PASSPHRASE ${keygrip} -1 ${hex}`);
  }
}

/** Lets the agent forget every passphrase. */
export async function forgetPassphrases(home: GnupgHome): Promise<void> {
  await agent(home, "RELOADAGENT");
}

async function agent(home: GnupgHome, command: string): Promise<void> {
  const { text } = await succeed(["gpg-connect-agent", command, "/bye"], { env: home.env });
  if (!/^OK/m.test(text)) throw new Error(`gpg-agent refuses ${command.split(" ")[0]}: ${text}`);
}

/** How many private-key operations the agent of a home made with `countOperations` was asked for. */
export async function privateKeyOperations(home: GnupgHome): Promise<{ decrypt: number; sign: number }> {
  const log = await readFile(join(home.path, "agent.log"), "utf8").catch(() => "");
  const count = (command: string) => log.split(`<- ${command}`).length - 1;
  return { decrypt: count("PKDECRYPT"), sign: count("PKSIGN") };
}
