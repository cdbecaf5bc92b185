/** Private keys in PEM: PKCS #1 (RFC 8017, appendix A.1.2) and PKCS #8 (RFC 5958), which `ssh-keygen -m` and openssl write. */
import { createPrivateKey, type KeyObject } from "node:crypto";
import type { KeyFile } from "./openssh-file.ts";
import { damagedFile, unusable, WrongPassphrase } from "./private-key-problems.ts";
import { fromKeyObject, type PrivateNumbers } from "./private-numbers.ts";
import { whyRefused } from "./public-key.ts";

/**
 * @param label what stands behind BEGIN
 * @throws Problem `no-private-key`
 */
export function readPemFile(text: string, label: string): KeyFile {
  if (label === "EC PRIVATE KEY") throw refusedKind("ec");
  if (label === "DSA PRIVATE KEY") throw refusedKind("dsa");
  if (!["RSA PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"].includes(label))
    throw unusable("it is no file of an SSH private key");
  const begin = text.indexOf(`-----BEGIN ${label}-----`);
  const end = text.indexOf(`-----END ${label}-----`, begin);
  if (end < 0) throw damagedFile("its end is missing");
  const pem = `${text.slice(begin, end).replaceAll("\r\n", "\n")}-----END ${label}-----\n`;
  const isEncrypted = label === "ENCRYPTED PRIVATE KEY" || /^Proc-Type: 4,ENCRYPTED/m.test(pem);
  if (isEncrypted)
    return { publicKey: null, isEncrypted, open: async (passphrase) => unlock(pem, passphrase) };
  const numbers = accepted(() => createPrivateKey({ key: pem, format: "pem" }), damagedFile("it is no PEM"));
  return { publicKey: numbers.publicKey, isEncrypted, open: async () => numbers };
}

function unlock(pem: string, passphrase: string | null): PrivateNumbers {
  if (passphrase === null) throw new WrongPassphrase("it needs its passphrase");
  return accepted(() => {
    try {
      return createPrivateKey({ key: pem, format: "pem", passphrase });
    } catch (error) {
      // BoringSSL's names of reasons.
      if (/UNSUPPORTED|UNKNOWN/.test(String(error))) {
        throw unusable(
          "it is encrypted in a way that pstore does not know; `ssh-keygen -p -f FILE` writes it anew in the form of OpenSSH",
        );
      }
      throw error;
    }
  }, new WrongPassphrase());
}

/** @param otherwise what any other failure of reading means */
function accepted(read: () => KeyObject, otherwise: Error): PrivateNumbers {
  let key: KeyObject;
  try {
    key = read();
  } catch (error) {
    throw error instanceof Error && error.name === "Problem" ? error : otherwise;
  }
  const kind = key.asymmetricKeyType;
  if (kind !== "rsa" && kind !== "ed25519") throw refusedKind(kind ?? "");
  return fromKeyObject(key);
}

function refusedKind(kind: string) {
  const name = { ec: "ecdsa-sha2-", dsa: "ssh-dss" }[kind] ?? kind;
  return unusable(whyRefused(name) ?? "its algorithm is unknown");
}
