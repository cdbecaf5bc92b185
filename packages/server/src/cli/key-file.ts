import { readFileSync } from "node:fs";
import { Problem } from "@pstore/core/problem";
import { asciiLine } from "@pstore/core/visible";

/**
 * The bytes of a file with a public key.
 * @throws Problem `bad-request` when it cannot be read
 */
export function readKeyFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    if (/^(?:ssh-|ecdsa-|sk-|-----BEGIN)/.test(path.trimStart()))
      throw new Problem(
        "bad-request",
        "that is a key and not the name of a file; give - and paste it, or pipe it in",
      );
    const { code } = error as NodeJS.ErrnoException;
    throw new Problem(
      "bad-request",
      `the key file '${asciiLine(path)}' cannot be read (${code}); check its path and its mode`,
    );
  }
}
