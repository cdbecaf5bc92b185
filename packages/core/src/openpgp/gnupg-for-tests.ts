/** Real GnuPG homes for the tests of this folder. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { Problem } from "../problem.ts";
import { type Certificate, readCertificate } from "./certificate.ts";

export interface GpgResult {
  code: number | null;
  out: Uint8Array;
  err: string;
}

/** A throw-away GnuPG home; `close` it, which ends its agent. */
export class GnupgHome {
  readonly path = mkdtempSync("/tmp/p-");

  try(args: string[], input: Uint8Array | string = ""): GpgResult {
    const all = [
      "--homedir",
      this.path,
      "--batch",
      "--pinentry-mode",
      "loopback",
      "--passphrase",
      "",
      ...args,
    ];
    const { status, stdout, stderr } = spawnSync("gpg", all, { input, maxBuffer: 2 ** 30 });
    return { code: status, out: Uint8Array.from(stdout), err: stderr.toString() };
  }

  run(args: string[], input: Uint8Array | string = ""): Uint8Array {
    const { code, out, err } = this.try(args, input);
    if (code !== 0) throw new Error(`gpg ${args.join(" ")}: ${err}`);
    return out;
  }

  /** Makes a primary key and, if wanted, subkeys. @returns the primary key's 40 upper-case hex digits */
  generate(
    name: string,
    algorithm: string,
    usage: string,
    expires = "never",
    subkeys: string[][] = [],
  ): string {
    this.run(["--quick-gen-key", `${name} <${name}@example.com>`, algorithm, usage, expires]);
    const fingerprint = this.fingerprint(name);
    for (const subkey of subkeys) this.run(["--quick-add-key", fingerprint, ...subkey]);
    return fingerprint;
  }

  fingerprint(name: string): string {
    const listing = Buffer.from(this.run(["--with-colons", "--list-keys", `=${name} <${name}@example.com>`]));
    const found = /^fpr:+([0-9A-F]{40}):/m.exec(listing.toString())?.[1];
    if (found === undefined) throw new Error(`gpg lists no key of ${name}`);
    return found;
  }

  certificate(name: string): Promise<Certificate> {
    return readCertificate(this.run(["--export", `=${name} <${name}@example.com>`]));
  }

  close(): void {
    spawnSync("gpgconf", ["--homedir", this.path, "--kill", "all"]);
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** The sentence of the problem of this code that `act` must end with. */
export async function refusal(code: string, act: () => unknown): Promise<string> {
  try {
    await act();
  } catch (error) {
    if (error instanceof Problem && error.code === code) return error.message;
    throw error;
  }
  throw new Error("was not refused");
}
