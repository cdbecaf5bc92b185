import { join } from "node:path";
import { readOwn, removeOwn, writeOwn } from "./own-file.ts";

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
    writeOwn(this.#path, JSON.stringify(session));
  }

  forget(): void {
    removeOwn(this.#path);
  }
}
