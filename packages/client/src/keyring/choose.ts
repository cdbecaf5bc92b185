import type { Choice } from "./choice.ts";
import { GnupgKeyring } from "./gnupg/gnupg.ts";
import type { Keyring } from "./keyring.ts";
import { UsualKeyring } from "./usual.ts";

/**
 * The keyring of a command.
 * @throws Problem `no-private-key` when the descriptor gives no passphrase
 */
export async function chooseKeyring(choice: Choice): Promise<Keyring> {
  const { env, identities, passphraseFd, asker, own } = choice;
  // What is behind the passphrase in a pipe may be read by others as soon as the command goes on.
  const files = passphraseFd === null ? null : await keyFiles(choice);
  if (identities.length > 0) return (files ?? (await keyFiles(choice))).named(identities);
  return new UsualKeyring({
    gnupg: new GnupgKeyring(env, { mayAsk: asker !== null }),
    ssh: async () => (files ?? (await keyFiles(choice))).inSshFolder(),
    own,
  });
}

async function keyFiles({ env, passphraseFd, asker }: Choice) {
  const { openKeyFiles } = await import("./files/open-key-files.ts");
  return openKeyFiles({ env, passphraseFd, asker });
}
