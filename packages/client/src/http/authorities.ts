import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { Problem } from "@pstore/core/problem";
import { homePath } from "@pstore/core/shell";

/** A certificate as RFC 7468, section 5, writes it. */
const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** Who is believed about the certificates of servers: the authorities of `--ca-file`, or those that this runtime knows. */
export class Authorities {
  readonly #named: string | null;
  readonly #path: string;
  #pem: string | null = null;

  /**
   * @param named the file of `--ca-file`; `null`: those that this runtime knows, and of `NODE_EXTRA_CA_CERTS`
   * @param home the user's home folder, which `~/` means
   */
  constructor(named: string | null, home: string | undefined) {
    this.#named = named;
    this.#path = homePath(named ?? "", home);
  }

  /** The file, as it was named; `null`: none. */
  get file(): string | null {
    return this.#named;
  }

  /**
   * Their certificates, each in PEM; `null`: those that this runtime knows. Read where it is needed first: whoever speaks
   * no TLS needs no file.
   * @throws Problem `local-fault` when the file cannot be read, or has no certificate
   */
  pem(): string | null {
    if (this.#named === null) return null;
    this.#pem ??= read(this.#path, this.#named);
    return this.#pem;
  }
}

function read(path: string, shown: string): string {
  let text: string;
  try {
    text = readFileSync(path, "latin1");
  } catch (error) {
    throw new Problem("local-fault", unreadable(error as NodeJS.ErrnoException, shown), { cause: error });
  }
  const blocks = text.match(block) ?? [];
  // Of a malformed one, a connection would only say that it failed; and none at all must never mean the known ones.
  if (blocks.length === 0) throw fault(`${shown} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)`);
  for (const [index, one] of blocks.entries()) {
    try {
      new X509Certificate(one);
    } catch {
      throw fault(`certificate ${index + 1} of ${shown} is malformed`);
    }
  }
  return `${blocks.join("\n")}\n`;
}

function fault(found: string): Problem {
  return new Problem("local-fault", `${found}; name an authority's certificate with --ca-file`);
}

function unreadable({ code }: NodeJS.ErrnoException, shown: string): string {
  const missing = `there is no file ${shown}; mend its name in --ca-file`;
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: missing,
    ENOTDIR: missing,
    EISDIR: `${shown} is a folder; name the file of certificates in it with --ca-file`,
    EACCES: `${shown} may not be read by you; have it made readable, or name another file with --ca-file`,
  };
  return reasons[code ?? ""] ?? `${shown} cannot be read (${code ?? "unknown"}); mend that, or --ca-file`;
}
