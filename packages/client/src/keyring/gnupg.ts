import { readlinkSync } from "node:fs";
import { type Fingerprint, openpgpHex, readable } from "@pstore/core/fingerprint";
import { splitPackets } from "@pstore/core/openpgp/packet";
import { Problem } from "@pstore/core/problem";
import { parseSecretKeys, parseStatus, reasonOf, type StatusLine, sessionKeyOf } from "./gnupg-status.ts";
import type { Keyring, PrivateKey } from "./keyring.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What every call of gpg says. Nothing but the status lines is believed, and nothing that gpg logs is kept or shown: a
 * `log-file` in the user's gpg.conf would hold session keys. Not `--quiet`: it also leaves out the status lines that
 * tell why a decryption failed.
 */
const always = ["--no-tty", "--batch", "--log-file", "/dev/null", "--status-fd", "2"];

// To a pipe, never to a file: gpg removes what it could not finish, even a device.
const unwrapping = ["--show-session-key", "--output", "-", "--decrypt"];

type Gpg = Bun.Subprocess<"pipe", "pipe", "pipe">;

interface Result {
  readonly status: readonly StatusLine[];
  readonly stdout: Buffer;
}

/**
 * A data packet (tag 18, version 1) of random bytes: behind a wrapped key, it is enough for gpg to tell the session
 * key, and gpg sees nothing of the body.
 */
function dummyBody(): Uint8Array {
  return Buffer.concat([Buffer.from([0xd2, 41, 1]), crypto.getRandomValues(new Uint8Array(40))]);
}

/** The private keys of GnuPG: through the user's own agent, pinentry and smartcards. */
export class GnupgKeyring implements Keyring {
  readonly #env: Record<string, string | undefined>;
  #keys: Promise<readonly PrivateKey[]> | null = null;
  /** A gpg that waits for a wrapped key. */
  #waiting: Gpg | null = null;

  constructor(env: Environment) {
    this.#env = { ...env, GPG_TTY: env["GPG_TTY"] ?? ownTerminal() };
  }

  list(): Promise<readonly PrivateKey[]> {
    this.#keys ??= this.#list();
    return this.#keys;
  }

  async #list(): Promise<readonly PrivateKey[]> {
    const { stdout } = await this.#run(
      ["--list-secret-keys", "--with-colons", "--fixed-list-mode"],
      new Uint8Array(),
    );
    return parseSecretKeys(stdout.toString("utf8"));
  }

  async sign(key: Fingerprint, text: string): Promise<Uint8Array> {
    const own = (await this.list()).find(({ fingerprint }) => fingerprint === key);
    const [part] = own?.signing ?? [];
    if (part === undefined) {
      throw new Problem(
        "no-private-key",
        own?.fault === undefined
          ? `gpg holds no usable private key to sign with for ${readable(key)}; import it, or give another --user`
          : `your key ${readable(key)} is ${own.fault}, so it signs nothing more; have it renewed, or a new one added at the store`,
      );
    }
    const { status, stdout } = await this.#run(
      [
        ...[
          "--no-armor",
          "--no-textmode",
          "--digest-algo",
          "SHA512",
          "--no-ask-sig-expire",
          "--default-sig-expire",
          "0",
        ],
        ...["--local-user", `${openpgpHex(part)}!`, "--output", "-", "--detach-sign"],
      ],
      Buffer.from(text),
    );
    // A `local-user` in gpg.conf signs as well: the signatures stand in the order of these lines.
    const made = status.filter(({ keyword }) => keyword === "SIG_CREATED");
    const place = made.findIndex(({ words }) => words.at(-1) === openpgpHex(part));
    const signature = splitPackets(stdout, { code: "bad-signature", what: "what gpg signed" })[place];
    if (signature === undefined) {
      throw new Problem("no-private-key", `gpg did not sign with ${readable(part)}: ${reasonOf(status)}`);
    }
    return signature.whole;
  }

  /** gpg needs some milliseconds to start, in which the server answers. It ends by itself when nothing is asked of it. */
  expectUnwrap(): void {
    try {
      this.#waiting ??= this.#start(unwrapping);
    } catch {
      // Nobody waits for an answer here: whoever unwraps is told.
    }
  }

  async unwrap(wrapped: Uint8Array): Promise<Uint8Array | null> {
    const gpg = this.#waiting ?? this.#start(unwrapping);
    this.#waiting = null;
    const { status } = await finish(gpg, Buffer.concat([wrapped, dummyBody()]));
    const sessionKey = sessionKeyOf(status);
    if (sessionKey !== null) return sessionKey;
    const says = (keyword: string) => status.some((line) => line.keyword === keyword);
    // With `quiet` in the user's gpg.conf, gpg does not even say NO_SECKEY.
    if (!says("ERROR") && (says("NO_SECKEY") || !says("PINENTRY_LAUNCHED"))) return null;
    throw new Problem("no-private-key", `gpg did not decrypt: ${reasonOf(status)}`);
  }

  async unwrapAll(
    wrapped: readonly Uint8Array[],
    onEach: () => void,
  ): Promise<readonly (Uint8Array | null)[]> {
    const found: (Uint8Array | null)[] = [];
    for (const one of wrapped) {
      found.push(await this.unwrap(one));
      onEach();
    }
    return found;
  }

  #run(argv: readonly string[], stdin: Uint8Array): Promise<Result> {
    return finish(this.#start(argv), stdin);
  }

  #start(argv: readonly string[]): Gpg {
    try {
      return Bun.spawn(["gpg", ...always, ...argv], {
        stdin: "pipe",
        stdout: "pipe",
        stderr: "pipe",
        env: this.#env,
      });
    } catch (error) {
      throw new Problem("no-private-key", "gpg cannot be started; install GnuPG (the package gnupg)", {
        cause: error,
      });
    }
  }
}

async function finish(gpg: Gpg, stdin: Uint8Array): Promise<Result> {
  gpg.stdin.write(stdin);
  gpg.stdin.end();
  const [stdout, stderr] = await Promise.all([
    new Response(gpg.stdout).arrayBuffer(),
    new Response(gpg.stderr).text(),
    gpg.exited,
  ]);
  return { status: parseStatus(stderr), stdout: Buffer.from(stdout) };
}

/** The terminal that this process stands at, for pinentry: gpg's own standard input is a pipe. */
function ownTerminal(): string | undefined {
  for (const fd of [0, 1, 2]) {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      if (/^\/dev\/(pts\/|tty)/.test(path)) return path;
    } catch {
      // Not on Linux, or closed.
    }
  }
  return undefined;
}
