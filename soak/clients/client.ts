// Clients: the real program, in a process of its own for each command, or in ours, which takes a tenth of the time.
import { main } from "@pstore/client/main";
import type { SshUser } from "@pstore/e2e/support/ssh-user";

export interface Ended {
  readonly code: number | null;
  readonly text: string;
  readonly stderr: string;
}

/** Whoever runs commands as one user, one after the other. */
export interface Client {
  readonly user: SshUser;
  run(args: readonly string[], stdin?: string): Promise<Ended>;
}

/** Runs the executable that users get. */
export class ExecutableClient implements Client {
  readonly user: SshUser;

  constructor(user: SshUser) {
    this.user = user;
  }

  run(args: readonly string[], stdin?: string): Promise<Ended> {
    return this.user.pstore(args, stdin === undefined ? {} : { stdin });
  }
}

/** Runs the same program from its first function on. */
export class ClientInProcess implements Client {
  readonly user: SshUser;

  constructor(user: SshUser) {
    this.user = user;
  }

  async run(args: readonly string[], stdin = ""): Promise<Ended> {
    const decoder = new TextDecoder();
    let text = "";
    let stderr = "";
    const code = await main(args, {
      env: this.user.env,
      stdin: {
        isTerminal: false,
        async *chunks() {
          yield Buffer.from(stdin);
        },
      },
      stdout: {
        isTerminal: false,
        async bytes(data) {
          text += typeof data === "string" ? data : decoder.decode(data, { stream: true });
        },
      },
      stderr: {
        isTerminal: false,
        write(said) {
          stderr += said;
        },
      },
    });
    return { code, text, stderr };
  }
}
