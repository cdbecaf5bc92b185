// Where a soak takes place: databases, and what happens to them.

/** The databases of a scene, as they run. */
export interface Stage extends AsyncDisposable {
  /** For `--database`: one for each server process. */
  readonly servers: readonly string[];
  /** What happens to the database once, while clients work; resolves when all of it is up again. */
  readonly disturb: (() => Promise<void>) | null;
  /** After that: each copy of the store. All of them must hold the same. */
  readonly copies: () => readonly string[];
}

export interface Scene {
  /** What is put to the test, as the first line of its report. */
  readonly title: string;
  /** Whether the server processes are killed again and again. */
  readonly killsServers: boolean;
  /** What the disturbance is, for the report. */
  readonly disturbance: string | null;
  start(): Promise<Stage>;
}
