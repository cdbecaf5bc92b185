import { closeSync, fstatSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makePrivate } from "./folders.ts";

/** A session that the server gave: it reads ciphertext for a while, and writes nothing. */
export interface StoredSession {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/** The session of a user at a store, in a file of mode 0600, so that only the first command of a while signs in. */
export class Sessions {
  readonly #path: string;

  constructor(folder: string, store: string, user: string) {
    this.#path = join(folder, `${store}-${user}`);
  }

  /** The session, unless there is none, it has expired, or the file is not ours to believe. */
  read(now: number): StoredSession | null {
    try {
      const { token, expires } = JSON.parse(readOwn(this.#path)) as Partial<StoredSession>;
      const isGood = typeof token === "string" && typeof expires === "number" && now < expires;
      return isGood ? { token, expires } : null;
    } catch {
      return null;
    }
  }

  /** Keeps a session; where that cannot be done, the next command signs in again. */
  write(session: StoredSession): void {
    const fresh = `${this.#path}.${process.pid}`;
    try {
      makePrivate(join(this.#path, ".."));
      writeFileSync(fresh, JSON.stringify(session), { mode: 0o600, flag: "wx" });
      renameSync(fresh, this.#path);
    } catch {
      remove(fresh);
    }
  }

  forget(): void {
    remove(this.#path);
  }
}

/** Removes a file if it can: with `force`, a folder that may not be entered would still end the command. */
function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The next command takes another way, or is refused and signs in.
  }
}

/** The text of a file that belongs to this user: under another's session, a command would act for that other. */
function readOwn(path: string): string {
  const fd = openSync(path, "r");
  try {
    if (fstatSync(fd).uid !== process.getuid?.()) throw new Error(`${path} is not ours`);
    return readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
}
