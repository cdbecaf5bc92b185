// The valid inputs that all others are made of. The keys are of nobody, and good for nothing but this.
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const folder = join(import.meta.dir, "files");

export function bytes(name: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(readFileSync(join(folder, name)));
}

export function text(name: string): string {
  return readFileSync(join(folder, name), "utf8");
}
