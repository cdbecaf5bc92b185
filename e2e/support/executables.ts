// The programs under test: what users get, built from the sources as they are now.
import { join } from "node:path";
import { run } from "./process.ts";

const root = join(import.meta.dir, "../..");

export const pstore = join(root, "dist/pstore");
export const pstoreServer = join(root, "dist/pstore-server");

let built: Promise<void> | undefined;

/**
 * Builds both executables if their sources changed since the last time. `npm test` has done so already, and
 * says it in the environment.
 */
export function buildExecutables(): Promise<void> {
  built ??= build();
  return built;
}

async function build(): Promise<void> {
  if (process.env["PSTORE_EXECUTABLES_BUILT"] === "1") return;
  const env = { HOME: process.env["HOME"] ?? "/" };
  const { code, text, stderr } = await run(["node", join(root, "scripts/project.mjs"), "build"], { env });
  if (code !== 0) throw new Error(`The executables cannot be built: ${text}${stderr}`);
}
