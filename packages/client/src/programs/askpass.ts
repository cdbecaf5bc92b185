import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

// How a password gets to ssh and nowhere else. ssh starts the program that SSH_ASKPASS names, with the prompt as its
// argument, and reads the answer from its standard output. That program is pstore again, under another name: a link in
// a folder that only this user may enter. In the folder lies the socket, too, at which the first pstore answers, which
// alone holds the password.

/** The variable that tells the asking program its folder. */
export const folderVariable = "PSTORE_ASKPASS";

/** The name under which the asking program runs; the folder stands before it. */
const programName = "askpass";
const socketName = "socket";

/** The longest path of a socket, in bytes: 104 with its zero on macOS, 108 on Linux (unix(7)). */
const longestPath = 103;

/** What ssh asks, or how it went with the person who was asked. */
export type Question =
  /** @property asker the process that asks: ssh, or another ssh that it runs to jump over */
  | { readonly prompt: string; readonly asker: number }
  | { readonly failed: "interrupted" | "no-terminal"; readonly sentence: string };

/** `secret`: in base64, what ssh gets. `ask`: the person shall be asked. `null`: nobody, since ssh is ended. */
export type Answer = { readonly secret: string } | { readonly ask: true } | null;

/** Where the questions of ssh are answered. */
export class Desk {
  readonly #folder: string;
  readonly #listener: Bun.UnixSocketListener<{ text: string }>;

  /**
   * @param parents folders of which one takes the private one, the first that is short enough
   * @param answer says what ssh gets
   */
  constructor(parents: readonly string[], answer: (question: Question) => Promise<Answer>) {
    this.#folder = privateFolder(parents);
    process.once("exit", this.#remove);
    symlinkSync(process.execPath, join(this.#folder, programName));
    this.#listener = Bun.listen<{ text: string }>({
      unix: join(this.#folder, socketName),
      socket: {
        open: (socket) => {
          socket.data = { text: "" };
        },
        data: async (socket, bytes) => {
          socket.data.text += bytes.toString();
          if (!socket.data.text.endsWith("\n")) return;
          const answered = await answer(JSON.parse(socket.data.text) as Question);
          socket.end(answered === null ? undefined : JSON.stringify(answered));
        },
      },
    });
  }

  /** What ssh needs in its environment. */
  get variables(): Readonly<Record<string, string>> {
    return {
      SSH_ASKPASS: join(this.#folder, programName),
      SSH_ASKPASS_REQUIRE: "force",
      [folderVariable]: this.#folder,
    };
  }

  close(): void {
    this.#listener.stop(true);
    process.off("exit", this.#remove);
    this.#remove();
  }

  readonly #remove = () => rmSync(this.#folder, { recursive: true, force: true });
}

/** A new folder that only this user may enter, in the first of some that will do. */
function privateFolder(parents: readonly string[]): string {
  for (const parent of parents) {
    const prefix = join(parent, "pstore-");
    if (Buffer.byteLength(join(`${prefix}XXXXXX`, socketName)) > longestPath) continue;
    try {
      return mkdtempSync(prefix);
    } catch {
      // It may be another user's, behind su or sudo.
    }
  }
  return mkdtempSync("/tmp/pstore-");
}

/** Asks the desk. `ask` where nobody answers there any more: ssh goes on in the background, for example. */
export async function askDesk(folder: string, question: Question): Promise<Answer> {
  let text = "";
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  try {
    const socket = await Bun.connect({
      unix: join(folder, socketName),
      socket: {
        data: (_socket, bytes) => {
          text += bytes.toString();
        },
        close: () => end(),
        error: () => end(),
      },
    });
    socket.write(`${JSON.stringify(question)}\n`);
  } catch {
    return { ask: true };
  }
  await ended;
  return text === "" ? null : (JSON.parse(text) as Answer);
}
