// The users of a soak, and what they begin with.
import { createHomeFolder } from "@pstore/e2e/support/account";
import { generateSshKey } from "@pstore/e2e/support/ssh-key";
import { SshUser } from "@pstore/e2e/support/ssh-user";
import { parseLocation } from "@pstore/server/database/location";
import { createTables } from "@pstore/server/database/migrate";
import { createDatabase } from "@pstore/server/database/open";
import { addUser, createStore } from "@pstore/server/services/accounts";
import { addKey } from "@pstore/server/services/keys";
import { type Client, ClientInProcess, ExecutableClient } from "./client.ts";

const actor = { userName: "soak", fingerprint: "", address: "cli" };
const rights = { email: "", fullName: "", staff: false, superuser: false, viewAny: false, password: null };

/** Of so many, one runs the executable. */
const executables = 5;

/** Makes users with a key each, and a store in an empty database that knows them. @returns the store's id */
export async function makeStore(url: string, users: readonly SshUser[]): Promise<string> {
  const db = await createDatabase(parseLocation(url));
  try {
    await createTables(db);
    const { id } = await createStore(db);
    for (const { name, ssh } of users) {
      await addUser(db, actor, { ...rights, name });
      await addKey(db, actor, {
        ...{ user: name, block: Buffer.from(ssh.line), writeOnly: false, description: "" },
      });
    }
    return id;
  } finally {
    await db.destroy();
  }
}

export async function makeUsers(count: number): Promise<readonly SshUser[]> {
  return await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const home = await createHomeFolder();
      const ssh = await generateSshKey(`${home}/.ssh/id_ed25519`, { type: "ed25519" });
      return new SshUser(`u${index}`, home, ssh);
    }),
  );
}

/** Tells users' clients where the store is: all servers of it, each user beginning with another one. */
export async function makeClients(
  users: readonly SshUser[],
  urls: readonly string[],
): Promise<readonly Client[]> {
  return await Promise.all(
    users.map(async (user, index) => {
      await user.configure(
        ...storeUrls(urls, index),
        `--user=${user.name}`,
        `--identity=${user.ssh.file}`,
        "--yes",
      );
      return index % executables === 0 ? new ExecutableClient(user) : new ClientInProcess(user);
    }),
  );
}

/** All servers, as options; the one at a place is tried first. */
function storeUrls(urls: readonly string[], first: number): readonly string[] {
  return urls.map((_, at) => `--store-url=${urls[(first + at) % urls.length]}`);
}

/** How many machines everybody writes to. */
const sharedCount = 3;

/** The machines that all users write to. */
export const sharedMachines: readonly string[] = Array.from(
  { length: sharedCount },
  (_, at) => `shared-${at}`,
);

/** The machines of one user, which others read. */
export function ownMachines({ name }: SshUser): readonly string[] {
  return ["a", "b"].map((letter) => `own-${name}-${letter}`);
}

/** Has everybody meet all users and servers, and makes the machines that are there from the start. */
export async function makeMachines(clients: readonly Client[], urls: readonly string[]): Promise<void> {
  const all = clients.map(({ user }) => `+${user.name}`);
  const trust = clients.map(({ user }) => `--trust=${user.name}`);
  await Promise.all(
    clients.map(async ({ user }, index) => {
      // The program in our process is quicker, and nothing is put to the test yet.
      const client = new ClientInProcess(user);
      // Else each would be told of everybody's key when it meets them.
      await does(client, trust);
      // And of every server when the others are down.
      for (const at of urls.keys()) await does(client, storeUrls(urls, at));
      const next = all[(index + 1) % all.length] ?? "";
      for (const machine of ownMachines(user)) await does(client, ["-c", machine, ...others([next], user)]);
      const shared = sharedMachines.filter((_, at) => at % clients.length === index);
      for (const machine of shared) await does(client, ["-c", machine, ...others(all, user)]);
    }),
  );
}

function others(grants: readonly string[], { name }: SshUser): readonly string[] {
  return grants.filter((grant) => grant !== `+${name}`);
}

async function does(client: Client, args: readonly string[]): Promise<void> {
  const { code, stderr } = await client.run(args, "first");
  if (code !== 0) throw new Error(`pstore ${args.join(" ")} ended with ${code}: ${stderr}`);
}
