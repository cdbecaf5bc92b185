// Letting one user in on many machines with one command, beside a command for each, and beside what gpg alone takes for
// the private-key operations that it needs: one for each value, and a signature.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeMachines } from "@pstore/e2e/support/crowd";
import { pstore } from "@pstore/e2e/support/executables";
import { answerPassphrase, privateKeyOperations } from "@pstore/e2e/support/gnupg";
import { environment } from "@pstore/e2e/support/process";
import { createTeam, does, type Team, type User } from "@pstore/e2e/support/team";
import { type Key, membersWith } from "./keys.ts";
import { type Case, interleave, median, type Timing } from "./measure.ts";
import { writeMessages } from "./stored-messages.ts";
import { type Claim, decimal, printTable } from "./table.ts";

interface Subject extends Key {
  readonly machines: number;
  /** How many of them are changed one by one: enough to tell how long all would take. */
  readonly singles: number;
}

// With a passphrase, the agent takes a third of a second or more for each operation.
const keys: readonly Subject[] = [
  { user: "rsa", title: "RSA-2048", algorithm: "rsa2048", machines: 1000, singles: 20 },
  { user: "curve", title: "cv25519", algorithm: "ed25519/cv25519", machines: 1000, singles: 20 },
  {
    user: "locked",
    title: "RSA-2048, passphrase",
    algorithm: "rsa2048",
    passphrase: "correct horse battery staple",
    machines: 20,
    singles: 3,
  },
];

/** What a loop over the machines took with the Python program that pstore was first, in milliseconds a machine. */
const original = 750;

const nameOf = (user: string, number: number) => `${user}${number}.example.com`;
const namesOf = ({ user, machines }: Subject) =>
  Array.from({ length: machines }, (_, index) => nameOf(user, index));

/** Times all of it, in turn. */
export async function benchEach(runs: number): Promise<readonly Claim[]> {
  await using team = await createTeam({
    users: [...membersWith(keys), "joe"],
  });
  const cases: Case[] = [];
  for (const key of keys) cases.push(...(await casesOf(team, key)));
  const timings = interleave(cases, runs);
  print(timings, runs);
  return claims(timings, await operationsOfOneGrant(team));
}

async function casesOf(team: Team, key: Subject): Promise<Case[]> {
  const { user: name, passphrase, singles } = key;
  const user = team.user(name);
  // The agent asks the home's pinentry once, for the first signature and the first decryption, and then holds it.
  if (passphrase !== undefined) await answerPassphrase(user.gnupg, passphrase);
  const names = namesOf(key);
  await makeMachines(team, { names, members: [user], password: (machine) => `of ${machine}` });
  const files = await writeMessages(team, user, names);
  await writeFile(join(user.home, "commit"), "some text\n");
  const { env } = user;
  const revoke = () => revokeJoe(user, name);
  const loop = 'for name in "$@"; do "$0" "$name" +joe || exit; done';
  return [
    { name: `${name} each`, argv: [pstore, ...each(name), "+joe", "--yes"], env, prints: "", after: revoke },
    { name: `${name} gpg`, argv: ["gpg", "--batch", "--quiet", "--yes", "--decrypt-files", ...files], env },
    {
      name: `${name} sign`,
      argv: ["gpg", "--batch", "--yes", "--detach-sign", join(user.home, "commit")],
      env,
    },
    {
      name: `${name} singles`,
      argv: ["sh", "-c", loop, pstore, ...names.slice(0, singles)],
      env,
      prints: "",
      after: revoke,
    },
  ];
}

const each = (user: string) => ["--each", `${user}*`];

function revokeJoe(user: User, prefix: string): void {
  const { exitCode, stderr } = Bun.spawnSync([pstore, ...each(prefix), "^joe", "--yes"], {
    env: environment(user.env),
    stderr: "pipe",
  });
  if (exitCode !== 0) throw new Error(`joe cannot be revoked: ${stderr}`);
}

/** What one `--each` costs the agent. */
async function operationsOfOneGrant(team: Team): Promise<{ decrypt: number; sign: number }> {
  const user = team.user("locked");
  const before = await privateKeyOperations(user.gnupg);
  await does(user, [...each("locked"), "+joe", "--yes"]);
  const after = await privateKeyOperations(user.gnupg);
  return { decrypt: after.decrypt - before.decrypt, sign: after.sign - before.sign };
}

/** All times in milliseconds. */
function figures(timings: ReadonlyMap<string, Timing>, { user, machines, singles }: Subject) {
  const of = (what: string) => median(timings, `${user} ${what}`);
  return { all: of("each"), single: of("singles") / singles, gpg: of("gpg") + of("sign"), machines };
}

function print(timings: ReadonlyMap<string, Timing>, runs: number): void {
  const columns = keys.map((key) => figures(timings, key));
  const row = (what: string, cell: (of: ReturnType<typeof figures>) => string) => ({
    what,
    cells: columns.map(cell),
  });
  const seconds = (milliseconds: number) => `${decimal(milliseconds / 1000)} s`;
  printTable(
    `One more user on many machines (medians of ${runs} runs, in turn)`,
    keys.map(({ title }) => title),
    [
      row("machines", ({ machines }) => String(machines)),
      row("pstore --each … +joe", ({ all }) => seconds(all)),
      row("  for each machine", ({ all, machines }) => `${decimal(all / machines)} ms`),
      row("pstore X +joe, one machine", ({ single }) => `${decimal(single)} ms`),
      row("  that for all, reckoned", ({ single, machines }) => seconds(single * machines)),
      row("  / --each", ({ single, machines, all }) => decimal((single * machines) / all)),
      row("the Python original's loop / --each", ({ machines, all }) => decimal((original * machines) / all)),
      row("gpg alone: the decryptions, a signature", ({ gpg }) => seconds(gpg)),
      row("  --each / gpg alone", ({ all, gpg }) => decimal(all / gpg)),
    ],
  );
}

function claims(
  timings: ReadonlyMap<string, Timing>,
  operations: { decrypt: number; sign: number },
): readonly Claim[] {
  const locked = keys.filter(({ passphrase }) => passphrase !== undefined);
  return [
    ...keys
      .filter((key) => !locked.includes(key))
      .map((key) => ({
        what: `--each +joe on ${key.machines} machines (${key.title})`,
        is: figures(timings, key).all / 1000,
        atMost: (original * key.machines) / 1000 / 50,
        unit: "s",
      })),
    ...locked.map((key) => {
      const { all, gpg } = figures(timings, key);
      return { what: `--each +joe / gpg alone (${key.title})`, is: all / gpg, atMost: 1.1 };
    }),
    ...locked.map(({ machines }) => ({
      what: "private-key operations for each value",
      is: operations.decrypt / machines,
      atMost: 1,
    })),
    { what: "signatures for all machines", is: operations.sign, atMost: 1 },
  ];
}
