/** Real ssh-keygen for the tests of this folder. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSshPrivateKey, type SshPrivateKey } from "./private-key.ts";
import { readSshKey, type SshKey } from "./public-key.ts";

/** A throw-away folder for key files; `close` it. */
export class SshFolder {
  readonly path = mkdtempSync("/tmp/p-");

  at(name: string): string {
    return join(this.path, name);
  }

  read(name: string): string {
    return readFileSync(this.at(name), "utf8");
  }

  write(name: string, content: string | Uint8Array): string {
    writeFileSync(this.at(name), content, { mode: 0o600 });
    return this.at(name);
  }

  /** @returns what the program printed */
  run(program: string, args: readonly string[], input: string | Uint8Array = ""): Buffer {
    const { status, stdout, stderr } = spawnSync(program, args, {
      input,
      cwd: this.path,
      maxBuffer: 2 ** 26,
    });
    if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  keygen(...args: string[]): string {
    return this.run("ssh-keygen", args).toString();
  }

  /** Makes a key pair; `NAME` and `NAME.pub`. */
  generate(name: string, args: readonly string[], passphrase = ""): void {
    this.keygen("-q", "-f", this.at(name), "-N", passphrase, "-C", `${name}@example.com`, ...args);
  }

  publicKey(name: string): SshKey {
    return readSshKey(this.read(`${name}.pub`));
  }

  privateKey(name: string, passphrase: string | null = null): Promise<SshPrivateKey> {
    return readSshPrivateKey(this.read(name)).unlock(passphrase);
  }

  /** What stands in base64 in a private key file of OpenSSH. */
  opensshBytes(name: string): Uint8Array {
    return Uint8Array.from(Buffer.from(this.read(name).split("\n").slice(1, -2).join(""), "base64"));
  }

  close(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A private key file of OpenSSH, of whatever bytes. */
export function opensshArmor(bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,70}/g) ?? [];
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join(
    "\n",
  );
}

/** The binary blob of an armored signature, as `ssh-keygen -Y sign` prints it. */
export function dearmorSshsig(text: string): Uint8Array<ArrayBuffer> {
  const armored = /^-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=\n]+)-----END SSH SIGNATURE-----\s*$/;
  const [, base64] = armored.exec(text) ?? [];
  if (base64 === undefined) throw new Error("There is no armored SSH signature in it.");
  return Uint8Array.from(Buffer.from(base64.replaceAll("\n", ""), "base64"));
}
