// Re-wrapping everything after a change of keys, beside the operations with the private key that it needs: gpg's decryptions
// and a signature, or with a key file, which is unlocked once, as many unwraps in process.
import { Database } from "bun:sqlite";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Account } from "@pstore/e2e/support/account";
import { makeMachines } from "@pstore/e2e/support/crowd";
import { pstore, pstoreServer } from "@pstore/e2e/support/executables";
import { answerPassphrase, exportPublic, generateKey, privateKeyOperations } from "@pstore/e2e/support/gnupg";
import { addKeyFileUser } from "@pstore/e2e/support/key-file-user";
import { type Environment, environment } from "@pstore/e2e/support/process";
import { generateSshKey } from "@pstore/e2e/support/ssh-key";
import { addSshUser } from "@pstore/e2e/support/ssh-user";
import { createTeam, does, type Team, type User } from "@pstore/e2e/support/team";
import { type Case, interleave, median, type Timing } from "./measure.ts";
import { writeMessages } from "./stored-messages.ts";
import { type Claim, decimal, printTable } from "./table.ts";

const passphrase = "correct horse battery staple";

/** A user with many machines and a second key. */
interface Subject {
  readonly title: string;
  readonly user: Account;
  /** The second key, as the server takes it. */
  readonly further: { readonly fingerprint: string; readonly text: string };
  readonly machines: number;
  /** The same private-key operations, and nothing else. */
  readonly peers: readonly Case[];
}

/** Times all of it, in turn. */
export async function benchRewrap(runs: number): Promise<readonly Claim[]> {
  await using team = await createTeam({
    users: [
      // Signs the machines of those whose keys only pstore unlocks.
      "maker",
      { name: "rsa", makeKeys: [{ algorithm: "rsa2048" }] },
      {
        ...{ name: "locked", calibratedPassphrases: true, countOperations: true },
        makeKeys: [{ algorithm: "rsa2048", passphrase }],
      },
    ],
  });
  const subjects = [
    await inGnupg(team, "RSA-2048 in gpg", team.user("rsa"), 1000),
    await inGnupg(team, "RSA-2048 in gpg, passphrase", team.user("locked"), 40),
    await inSshFile(team, "ed25519"),
    await inSshFile(team, "rsa"),
    await inOpenpgpFile(team),
  ];
  for (const { user, further } of subjects) await team.server.addKey(user.name, further.text);
  const cases = subjects.flatMap((subject) => [rewrapping(team, subject), ...subject.peers]);
  const timings = interleave(cases, runs);
  print(timings, subjects, runs);
  return claims(timings, subjects, await operationsOfOne(team, { machines: 40 }));
}

/** In gpg, the peer is gpg alone. */
async function inGnupg(team: Team, title: string, user: User, machines: number): Promise<Subject> {
  if (user.name === "locked") await answerPassphrase(user.gnupg, passphrase);
  const names = await machinesOf(team, [user], machines);
  const files = await writeMessages(team, user, names);
  const commit = join(user.home, "commit");
  await writeFile(commit, "some text\n");
  const { fingerprint } = await generateKey(user.gnupg, {
    userId: `${user.name} <${user.name}@example.com>`,
  });
  const gpg = ["gpg", "--batch", "--quiet", "--yes"];
  const { env } = user;
  return {
    ...{ title, user, machines },
    further: { fingerprint, text: await exportPublic(user.gnupg, fingerprint) },
    peers: [
      { name: `${user.name} unwraps`, argv: [...gpg, "--decrypt-files", ...files], env },
      {
        name: `${user.name} signature`,
        argv: [...gpg, "--local-user", user.fingerprint, "--detach-sign", commit],
        env,
      },
    ],
  };
}

async function inSshFile(team: Team, type: "ed25519" | "rsa"): Promise<Subject> {
  const user = await addSshUser(team, `ssh-${type}`, { type, passphrase, rounds: 16 });
  return inFile(team, `ssh-${type} in a file`, user, user.ssh.file);
}

async function inOpenpgpFile(team: Team): Promise<Subject> {
  const user = await addKeyFileUser(team, "file", { algorithm: "rsa2048", passphrase });
  return inFile(team, "RSA-2048 (OpenPGP) in a file", user, user.openpgp.file);
}

/** In a file, the peer unlocks it once, and unwraps in process. */
async function inFile(team: Team, title: string, user: Account, file: string): Promise<Subject> {
  const machines = 1000;
  await machinesOf(team, [team.user("maker"), user], machines);
  const further = await generateSshKey(join(user.home, "further"), { type: "ed25519" });
  await user.configure(
    ...[`--store-url=${team.server.url}`, `--user=${user.name}`],
    ...[`--identity=${file}`, `--identity=${further.file}`],
  );
  const wrapped = join(user.home, "wrapped.json");
  await writeFile(wrapped, JSON.stringify(wrappedFor(team, user)));
  return {
    ...{ title, user, machines },
    further: { fingerprint: further.fingerprint, text: further.line },
    peers: [
      {
        name: `${user.name} unwraps`,
        argv: [process.execPath, join(import.meta.dir, "unwrap-alone.ts"), file, passphrase, wrapped],
        prints: `${machines}\n`,
      },
    ],
  };
}

async function machinesOf(
  team: Team,
  members: readonly Account[],
  count: number,
): Promise<readonly string[]> {
  const user = members.at(-1)?.name;
  const names = Array.from({ length: count }, (_, index) => `${user}${index}.example.com`);
  await makeMachines(team, { names, members, password: (name) => `of ${name}` });
  return names;
}

/** The wrapped keys of a user's machines, base64. */
function wrappedFor(team: Team, user: Account): readonly string[] {
  using db = new Database(team.server.database, { readonly: true });
  const rows = db
    .query<{ bytes: Uint8Array }, [string]>("SELECT bytes FROM wrapped_keys WHERE fingerprint = ?")
    .all(user.key);
  if (rows.length === 0) throw new Error(`Nothing is wrapped for ${user.name}.`);
  return rows.map(({ bytes }) => Buffer.from(bytes).toString("base64"));
}

const rewrap = [pstore, "--rewrap", "--yes"];

/** What is timed: the second key is at the store, and listed nowhere. */
function rewrapping(team: Team, { user, further }: Subject): Case {
  const env = { ...user.env, ...user.unattended };
  const server = (args: readonly string[], stdin = "") =>
    succeeds([pstoreServer, ...args, "--database", `sqlite:${team.server.database}`], {}, stdin);
  return {
    name: `${user.name} rewrap`,
    argv: rewrap,
    env,
    prints: "",
    after: () => {
      server(["key", "remove", further.fingerprint]);
      succeeds(rewrap, env);
      server(["key", "add", user.name, "-"], further.text);
    },
  };
}

function succeeds(argv: readonly string[], env: Environment, stdin = ""): void {
  const { exitCode, stderr } = Bun.spawnSync([...argv], {
    env: environment(env),
    stdin: Buffer.from(stdin),
    stderr: "pipe",
  });
  if (exitCode !== 0) throw new Error(`${argv.join(" ")} ended with ${exitCode}: ${stderr}`);
}

/** What re-wrapping costs the agent. */
async function operationsOfOne(team: Team, { machines }: Pick<Subject, "machines">) {
  const user = team.user("locked");
  const before = await privateKeyOperations(user.gnupg);
  await does(user, ["--rewrap", "--yes"]);
  const after = await privateKeyOperations(user.gnupg);
  return { decrypt: (after.decrypt - before.decrypt) / machines, sign: after.sign - before.sign };
}

/** All times in milliseconds. */
function figures(timings: ReadonlyMap<string, Timing>, { user, peers, machines }: Subject) {
  const all = median(timings, `${user.name} rewrap`);
  const alone = peers.reduce((sum, { name }) => sum + median(timings, name), 0);
  return { all, alone, machines };
}

function print(timings: ReadonlyMap<string, Timing>, subjects: readonly Subject[], runs: number): void {
  const columns = subjects.map((subject) => figures(timings, subject));
  const row = (what: string, cell: (of: ReturnType<typeof figures>) => string) => ({
    what,
    cells: columns.map(cell),
  });
  const seconds = (milliseconds: number) => `${decimal(milliseconds / 1000)} s`;
  printTable(
    `Everything to a new key, from one with this old key (medians of ${runs} runs, in turn)`,
    subjects.map(({ title }) => title),
    [
      row("machines", ({ machines }) => String(machines)),
      row("pstore --rewrap", ({ all }) => seconds(all)),
      row("  for each machine", ({ all, machines }) => `${decimal(all / machines)} ms`),
      row("  1,000 of them, reckoned", ({ all, machines }) => seconds((all * 1000) / machines)),
      row("the private-key operations alone", ({ alone }) => seconds(alone)),
      row("  --rewrap / alone", ({ all, alone }) => decimal(all / alone)),
    ],
  );
}

function claims(
  timings: ReadonlyMap<string, Timing>,
  subjects: readonly Subject[],
  operations: { decrypt: number; sign: number },
): readonly Claim[] {
  const locked = subjects.filter(({ user }) => user.name === "locked");
  return [
    ...locked.map((subject) => {
      const { all, alone } = figures(timings, subject);
      return { what: `--rewrap / gpg alone (${subject.title})`, is: all / alone, atMost: 1.1 };
    }),
    ...subjects
      .filter((subject) => !locked.includes(subject))
      .map((subject) => {
        const { all, alone } = figures(timings, subject);
        return {
          what: `--rewrap of 1,000 beyond its operations alone (${subject.title})`,
          is: (all - alone) / 1000,
          atMost: 3,
          unit: "s",
        };
      }),
    { what: "private-key operations for each value", is: operations.decrypt, atMost: 1 },
    { what: "signatures for all machines", is: operations.sign, atMost: 1 },
  ];
}
