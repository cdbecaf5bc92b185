import type { Asker } from "./keyring/files/passphrases.ts";
import type { Person } from "./person.ts";

/** Who is asked for the passphrase of a key file. */
export function askerOf(person: Person): Asker {
  return {
    secret: async (question, refusal) => {
      const { askSecret } = await import("./terminal/prompt.ts");
      return askSecret(question, refusal);
    },
    notice: (text) => person.notice(text),
  };
}
