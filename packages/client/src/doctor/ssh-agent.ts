import { readable } from "@pstore/core/fingerprint";
import type { Examination } from "./examination.ts";
import { type Finding, ok, skipped, warning } from "./finding.ts";
import { ask } from "./program.ts";

const check = "ssh-agent";

/** Whether an ssh-agent spares whoever signs in with an SSH key its passphrase. It cannot decrypt, and need not be there. */
export async function* checkSshAgent({ env, sshKeys }: Examination): AsyncGenerator<Finding> {
  if (sshKeys.length === 0) return;
  if (!env["SSH_AUTH_SOCK"]) {
    yield ok(check, "SSH_AUTH_SOCK names none, and none is needed");
    return;
  }
  const said = await ask(["ssh-add", "-l", "-E", "sha256"], env);
  if (said === null) {
    yield skipped(check, "there is no ssh-add that ends by itself", "install it, or unset SSH_AUTH_SOCK");
    return;
  }
  // ssh-add(1), "Exit status": 1 when the command fails, such as on an empty list; 2 when there is no agent to ask.
  if (said.code === 2) {
    yield warning(
      check,
      "the one that SSH_AUTH_SOCK names does not answer",
      "start it anew, or unset SSH_AUTH_SOCK",
    );
    return;
  }
  const held = said.stdout.split("\n").map((line) => line.split(" ")[1]);
  for (const { name, fingerprint } of sshKeys) {
    const key = readable(fingerprint);
    yield held.includes(key)
      ? ok(check, `it holds ${key}, so that to sign in needs no passphrase`)
      : ok(check, `it does not hold ${key}, which ssh-add ${name} would change`);
  }
}
