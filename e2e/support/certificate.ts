// TLS certificates as openssl makes them, of an authority of our own.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { succeed } from "./process.ts";

export interface CertificateOptions {
  /** The extensions, as openssl's `-extfile` has them. */
  readonly extension: string;
  /** The name of the authority that signs it. Default: it signs itself. */
  readonly issuer?: string;
  /** For how many days it holds; below 0 it has expired. Default: 2. */
  readonly days?: number;
}

/** Makes `NAME.key` and a certificate for it, `NAME.pem`, in a folder. */
export async function makeCertificate(
  folder: string,
  name: string,
  { extension, issuer, days = 2 }: CertificateOptions,
): Promise<void> {
  const openssl = (...args: string[]) => succeed(["openssl", ...args], { cwd: folder });
  const [key, request, certificate] = [`${name}.key`, `${name}.csr`, `${name}.pem`];
  await writeFile(join(folder, `${name}.ext`), extension);
  const making = ["-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", `/CN=${name}`];
  await openssl("req", ...making);
  const by =
    issuer === undefined
      ? ["-signkey", key]
      : ["-CA", `${issuer}.pem`, "-CAkey", `${issuer}.key`, "-CAcreateserial"];
  const signing = ["-in", request, ...by, "-out", certificate, "-days", `${days}`];
  await openssl("x509", "-req", ...signing, "-extfile", `${name}.ext`);
}
