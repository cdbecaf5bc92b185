export type Environment = Readonly<Record<string, string | undefined>>;

export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How long a program may take that only tells something, in milliseconds. */
const patience = 10_000;

/** What a program says, in English; `null` when it cannot be started, or does not end. */
export async function ask(argv: readonly string[], env: Environment): Promise<Said | null> {
  try {
    const child = Bun.spawn([...argv], {
      env: { ...env, LC_ALL: "C" },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      timeout: patience,
      killSignal: "SIGKILL",
    });
    const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    return child.signalCode === null ? { code: child.exitCode, stdout, stderr } : null;
  } catch {
    return null;
  }
}
