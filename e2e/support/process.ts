// Runs real programs in an environment made from nothing, so that what a test sees does not depend on who
// runs it.

/** What a program reads as its standard input; none: an empty one. */
export type Input = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | Blob;

export type Environment = Readonly<Record<string, string>>;

export interface RunOptions {
  /** Added to `PATH`, the only variable that is taken over from the tests' own environment. */
  readonly env?: Environment;
  readonly stdin?: Input;
  /** The working folder. Default: `/`, in which no program finds anything of ours. */
  readonly cwd?: string;
  /** Milliseconds after which the program is killed and {@link run} throws. Default: 100,000. */
  readonly timeout?: number;
}

export interface Finished {
  /** The exit code; `null` when a signal ended the program. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: Uint8Array<ArrayBuffer>;
  /** `stdout` as UTF-8. */
  readonly text: string;
  readonly stderr: string;
}

/** Bytes above which a text is made only when somebody asks for it: who reads that much asks for the bytes, mostly. */
const longText = 1024 * 1024;

/** The whole environment of a program: the search path and what is given. */
export function environment(...parts: readonly Environment[]): Record<string, string> {
  return Object.assign({ PATH: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin" }, ...parts);
}

/**
 * Starts a program with pipes and returns at once, for values too large to collect and for programs that are
 * killed halfway. What it prints must be read, else it blocks.
 */
export function start(
  argv: readonly string[],
  { env = {}, stdin, cwd = "/" }: Omit<RunOptions, "timeout"> = {},
) {
  return Bun.spawn([...argv], {
    env: environment(env),
    cwd,
    stdin: typeof stdin === "string" ? new TextEncoder().encode(stdin) : (stdin ?? "ignore"),
    stdout: "pipe",
    stderr: "pipe",
  });
}

/**
 * Runs a program to its end.
 *
 * @throws Error when it takes longer than `timeout`; the message holds what it wrote to stderr until then
 */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { timeout = 100_000, ...rest } = options;
  const child = start(argv, rest);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, timeout);
  const [stdout, stderr] = await Promise.all([child.stdout.bytes(), child.stderr.text(), child.exited]);
  clearTimeout(timer);
  if (late) throw new Error(`${argv.join(" ")} did not end within ${timeout} ms: ${stderr}`);
  const finished = {
    code: child.exitCode,
    signal: child.signalCode === null ? null : String(child.signalCode),
    stdout,
    text: stdout.length > longText ? "" : new TextDecoder().decode(stdout),
    stderr,
  };
  if (stdout.length > longText) {
    const get = () => new TextDecoder().decode(stdout);
    Object.defineProperty(finished, "text", { get, enumerable: true });
  }
  return finished;
}

/** Like {@link run}, for steps that a test only prepares with: throws, with stderr, unless the exit code is 0. */
export async function succeed(argv: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const finished = await run(argv, options);
  if (finished.code !== 0) {
    throw new Error(`${argv.join(" ")} ended with ${finished.code ?? finished.signal}: ${finished.stderr}`);
  }
  return finished;
}
