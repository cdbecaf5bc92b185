// The shortest session that uses everything: a store, a user with a key, a password stored and read.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createFolder } from "./folder.ts";
import { createHome, exportPublic, generateKey } from "./gnupg.ts";
import { type Environment, start, succeed } from "./process.ts";

export interface Programs {
  /** The path of `pstore`. */
  readonly client: string;
  /** The path of `pstore-server`. */
  readonly server: string;
  /** Added to what both programs are given; the client must find `gpg` with it. */
  readonly env?: Environment;
}

/**
 * Makes a store with these programs, stores a password in it, and reads it back.
 *
 * @returns what `pstore MACHINE` printed
 * @throws Error with what was written to stderr when a step fails
 */
export async function playSmallSession({ client, server, env = {} }: Programs): Promise<string> {
  const folder = await createFolder();
  await using gnupg = await createHome();
  const database = ["--database", `sqlite:${join(folder, "store.db")}`];
  const ofServer = { env: { HOME: folder, ...env } };
  const ofUser = { env: { HOME: folder, XDG_RUNTIME_DIR: folder, USER: "walter", ...gnupg.env, ...env } };
  try {
    const { fingerprint } = await generateKey(gnupg, { userId: "Walter <walter@example.com>" });
    await succeed([server, "init", "--admin", "walter", ...database], ofServer);
    const stdin = await exportPublic(gnupg, fingerprint);
    await succeed([server, "key", "add", "walter", "-", ...database], { ...ofServer, stdin });
    const serving = start([server, "serve", "--listen", "127.0.0.1:0", ...database], ofServer);
    try {
      const store = `--store-url=${await urlOf(serving.stdout)}`;
      await succeed([client, store, "-c", "web.example.com"], { ...ofUser, stdin: "secret\n" });
      return (await succeed([client, store, "web.example.com"], ofUser)).text;
    } finally {
      serving.kill();
      await serving.exited;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The URL in the first line of a server that begins to listen. */
async function urlOf(stdout: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let output = "";
  const decoder = new TextDecoder();
  for await (const bytes of stdout) {
    output += decoder.decode(bytes, { stream: true });
    const url = /listening on (\S+)\n/.exec(output)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`The server ended before it listened: ${output}`);
}
