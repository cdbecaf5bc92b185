import { Problem } from "@pstore/core/problem";
import type { Choice } from "../choice.ts";
import type { Keyring } from "../keyring.ts";
import { type KeyFile, readKeyFile } from "./key-file.ts";
import { KeyFiles } from "./key-files.ts";
import { type GivenPassphrase, Passphrases } from "./passphrases.ts";
import { forShell, privateFile } from "./private-file.ts";
import type { SshAgent } from "./ssh-agent.ts";
import { SshFolder } from "./ssh-folder.ts";
import type { SshKeyFile } from "./ssh-key-file.ts";

/** The keyrings that key files make. */
export interface OpenKeyFiles {
  /** @param names as they were given, where `~/` is the home folder */
  named(names: readonly string[]): Keyring;
  inSshFolder(): Keyring;
}

/**
 * What is needed to open key files: the passphrases of this command, and the ssh-agent.
 * @throws Problem `no-private-key` when the descriptor gives no passphrase
 */
export async function openKeyFiles({
  env,
  passphraseFd,
  asker,
}: Pick<Choice, "env" | "passphraseFd" | "asker">): Promise<OpenKeyFiles> {
  const home = env["HOME"];
  const passphrases = new Passphrases(asker, await givenPassphrase(env, passphraseFd));
  const open = async (name: string) => readKeyFile(privateFile(name, home));
  let agent: Promise<SshAgent | null> | null = null;
  const openAgent = () => {
    agent ??= sshAgent(env["SSH_AUTH_SOCK"]);
    return agent;
  };
  const openSsh = async (file: KeyFile): Promise<SshKeyFile> => {
    const { SshKeyFile } = await import("./ssh-key-file.ts");
    return new SshKeyFile(file, { passphrases, agent: await openAgent() });
  };
  return {
    named: (names) =>
      new KeyFiles(names, async (name) => {
        const file = await open(name);
        if (file.type === "ssh") return openSsh(file);
        const { OpenpgpKeyFile } = await import("./openpgp-key-file.ts");
        return new OpenpgpKeyFile(file, passphrases);
      }),
    inSshFolder: () => {
      const openSshFile = async (name: string) => {
        const file = await open(name);
        if (file.type !== "ssh") throw unfit(`${name}: it is no SSH key`);
        const keyring = await openSsh(file);
        if (await keyring.isKnown()) return keyring;
        const path = forShell(name);
        throw unfit(
          `${name}: its passphrase hides even its public key; ssh-keygen -y -f ${path} > ${path}.pub mends that`,
        );
      };
      return new SshFolder(home, openSshFile, async () => (await openAgent())?.keys() ?? []);
    },
  };
}

/** What gives the passphrase in place of a person; null where nothing does. */
async function givenPassphrase(
  env: Choice["env"],
  descriptor: number | null,
): Promise<(() => Promise<GivenPassphrase>) | null> {
  const file = env["PSTORE_PASSPHRASE_FILE"];
  if (descriptor === null && !file) return null;
  const { passphraseInFile, passphraseOfDescriptor } = await import("./given-passphrase.ts");
  if (descriptor === null) return () => passphraseInFile(file ?? "", env["HOME"]);
  const given = await passphraseOfDescriptor(descriptor);
  return async () => given;
}

async function sshAgent(socket: string | undefined): Promise<SshAgent | null> {
  if (!socket?.startsWith("/")) return null;
  const { SshAgent } = await import("./ssh-agent.ts");
  return new SshAgent(socket);
}

function unfit(sentence: string): Problem {
  return new Problem("no-private-key", sentence);
}
