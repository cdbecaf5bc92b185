// Times whole programs, from their start to their end, turn by turn with what they are compared with.
import { type Environment, environment } from "@pstore/e2e/support/process";

export interface Case {
  readonly name: string;
  /** The program and its arguments; a function where each run needs others. */
  readonly argv: readonly string[] | ((run: number) => readonly string[]);
  readonly env?: Environment;
  readonly stdin?: string;
  /** What it must print to stdout, for who prints something else is not what is to be timed. */
  readonly prints?: string | RegExp;
  /** Done after each run, outside of the time: what makes the next run like the last. */
  readonly after?: (run: number) => void;
}

/** In milliseconds. */
export interface Timing {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/**
 * Runs all cases in turn, `runs` times, after a first round that is not timed: what else the machine does meanwhile
 * falls on all of them alike.
 *
 * @throws Error when a run fails or prints something else
 */
export function interleave<Name extends string>(
  cases: readonly (Case & { readonly name: Name })[],
  runs: number,
): ReadonlyMap<Name, Timing> {
  const times = new Map<Name, number[]>(cases.map(({ name }) => [name, []]));
  for (let run = 0; run <= runs; run++) {
    for (const one of cases) {
      const time = timed(one, run);
      if (run > 0) times.get(one.name)?.push(time);
    }
  }
  return new Map([...times].map(([name, all]) => [name, summary(all)]));
}

function timed(one: Case, run: number): number {
  const { argv, env = {}, stdin, prints, after } = one;
  const cmd = [...(typeof argv === "function" ? argv(run) : argv)];
  const options = {
    env: environment(env),
    cwd: "/",
    stdin: stdin === undefined ? ("ignore" as const) : Buffer.from(stdin),
    stdout: "pipe" as const,
    stderr: "pipe" as const,
  };
  const start = performance.now();
  const { exitCode, stdout, stderr } = Bun.spawnSync(cmd, options);
  const time = performance.now() - start;
  const text = stdout.toString();
  const isRight = prints === undefined || (typeof prints === "string" ? text === prints : prints.test(text));
  if (exitCode !== 0 || !isRight)
    throw new Error(`${cmd.join(" ")} ended with ${exitCode}: ${stderr.toString()}${text.slice(0, 500)}`);
  after?.(run);
  return time;
}

export function summary(times: readonly number[]): Timing {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    least: at(0),
    most: at(sorted.length - 1),
  };
}

/** The median of a case that was timed. @throws Error when there is no such case */
export function median<Name extends string>(timings: ReadonlyMap<Name, Timing>, name: Name): number {
  const timing = timings.get(name);
  if (timing === undefined) throw new Error(`${name} was not timed.`);
  return timing.median;
}
