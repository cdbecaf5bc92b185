import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { makeCertificate } from "../certificate.ts";
import { handOver } from "./account.ts";
import type { Engine } from "./programs.ts";

/** Paths of PEM files. */
export interface ServerCertificate {
  /** The authority that signed the server's. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Makes a certificate for 127.0.0.1 and localhost, which the engine's server can read, and an authority for it alone. */
export async function makeServerCertificate(engine: Engine, folder: string): Promise<ServerCertificate> {
  await makeCertificate(folder, "authority", { extension: "basicConstraints=critical,CA:TRUE\n" });
  const extension = "subjectAltName=DNS:localhost,IP:127.0.0.1\n";
  await makeCertificate(folder, "server", { extension, issuer: "authority" });
  const path = (name: string) => join(folder, name);
  const certificate = { ca: path("authority.pem"), cert: path("server.pem"), key: path("server.key") };
  await chmod(certificate.key, 0o600);
  handOver(engine, ...Object.values(certificate));
  return certificate;
}
