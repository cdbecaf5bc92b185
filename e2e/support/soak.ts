// Short soaks, always with the same seed; `npm run soak` runs the long ones.
import { join } from "node:path";
import { buildExecutables } from "./executables.ts";
import { run } from "./process.ts";

const root = join(import.meta.dir, "../..");

/** What a soak of five seconds came to. */
export interface ShortSoak {
  readonly code: number | null;
  /** Its report. */
  readonly text: string;
  /** How many writes were acknowledged. */
  readonly acknowledged: number;
  /** How often a server process was killed. */
  readonly kills: number;
}

/** Runs one scene of `npm run soak` as a program of its own, and prints its report. */
export async function shortSoak(scene: string): Promise<ShortSoak> {
  await buildExecutables();
  const env = { HOME: "/", TMPDIR: process.env["TMPDIR"] ?? "/tmp", PSTORE_EXECUTABLES_BUILT: "1" };
  const argv = [process.execPath, "soak/run.ts", scene, "--seconds", "5", "--seed", "1"];
  const { code, text, stderr } = await run(argv, { env, cwd: root, timeout: 400_000 });
  console.log(`${text}${stderr}`);
  const number = (pattern: RegExp) => Number(pattern.exec(text)?.[1]);
  return {
    ...{ code, text },
    acknowledged: number(/ writes: (\d+) acknowledged/),
    kills: number(/ kills of server processes: (\d+)/),
  };
}
