// The users of a large store: real keys, since a commit is checked against those of all members.
import { generateKeyPairSync } from "node:crypto";
import { readSshPrivateKey, type SshPrivateKey } from "@pstore/core/ssh/private-key";
import { sshLine } from "@pstore/core/ssh/text";

export interface Person {
  readonly number: number;
  readonly id: string;
  readonly name: string;
  readonly key: SshPrivateKey;
  /** The public key as the store has it. */
  readonly line: string;
}

export async function makePerson(number: number): Promise<Person> {
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const key = await readSshPrivateKey(pem).unlock(null);
  const { publicKey } = key;
  return {
    number,
    id: crypto.randomUUID(),
    name: `user${String(number).padStart(6, "0")}`,
    key,
    line: sshLine(publicKey),
  };
}
