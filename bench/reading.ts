// How long it takes to read one password, beside what people use for it today and what cannot be avoided.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pstore } from "@pstore/e2e/support/executables";
import { answerPassphrase, privateKeyOperations } from "@pstore/e2e/support/gnupg";
import { environment, succeed } from "@pstore/e2e/support/process";
import { storedMessage } from "@pstore/e2e/support/stored-message";
import { createTeam, type Team, type User } from "@pstore/e2e/support/team";
import { type Key, membersWith } from "./keys.ts";
import { type Case, interleave, median, type Timing } from "./measure.ts";
import { type Claim, decimal, printTable } from "./table.ts";

const keys: readonly Key[] = [
  { user: "rsa", title: "RSA-2048", algorithm: "rsa2048" },
  { user: "curve", title: "cv25519", algorithm: "ed25519/cv25519" },
  {
    user: "locked",
    title: "RSA-2048, passphrase",
    algorithm: "rsa2048",
    passphrase: "correct horse battery staple",
  },
];

const password = "wAlTeR!";

/** The machines of a user: the first is read, the second is shared, and the list is of all three. */
const machineOf = (user: string, number: 1 | 2 | 3) => `${user}${number}.example.com`;

/** Times reads, writes, help and a list, all in one run, and prints them. */
export async function benchReading(runs: number): Promise<readonly Claim[]> {
  await using team = await createTeam({
    users: [...membersWith(keys), "joe"],
  });
  const cases: Case[] = [
    { name: "node", argv: ["node", "-e", "0"] },
    { name: "help", argv: [pstore, "-h"], prints: /^Usage: pstore/ },
    { name: "node here", argv: ["node", "-e", "0"], env: here },
    { name: "help here", argv: [pstore, "-h"], env: here, prints: /^Usage: pstore/ },
  ];
  for (const key of keys) cases.push(...(await casesOf(team, key)));
  const timings = interleave(cases, runs);

  print(timings, runs);
  return claims(timings, await operationsOfOneRead(team.user("locked")));
}

/** Makes what is read, and what reads it. */
async function casesOf(team: Team, { user: name, passphrase }: Key): Promise<Case[]> {
  const user = team.user(name);
  // The agent asks the home's pinentry once, for the first signature and the first decryption, and then holds it.
  if (passphrase !== undefined) await answerPassphrase(user.gnupg, passphrase);
  const [machine, shared, third] = [machineOf(name, 1), machineOf(name, 2), machineOf(name, 3)];
  for (const one of [machine, shared, third]) {
    const { code, stderr } = await user.pstore(["-c", one], { stdin: `${password}\n` });
    if (code !== 0) throw new Error(`${name} cannot create ${one}: ${stderr}`);
  }
  const { message } = storedMessage(team.server.database, machine, "password", user.fingerprint);
  const file = join(user.home, "message.gpg");
  await writeFile(file, message);

  const { env } = user;
  const read = [pstore, machine, "-pg", "password"];
  const cases: Case[] = [
    { name: `${name} pg`, argv: read, env, prints: password },
    { name: `${name} gpg`, argv: ["gpg", "--batch", "--quiet", "-d", file], env, prints: password },
    { name: `${name} list`, argv: [pstore, name], env, prints: /^ {2}Machine .*\n-{72}\n(?:\+ .*\n){3}$/ },
    { name: `${name} cold`, argv: [...read, "--no-session"], env, prints: password },
    {
      name: `${name} create`,
      argv: (run) => [pstore, "-c", `new-${keys.findIndex((key) => key.user === name)}-${run}`],
      env,
      stdin: `${password}\n`,
    },
    {
      name: `${name} grant`,
      argv: [pstore, shared, "+joe"],
      env,
      after: () => revoke(user, shared),
    },
  ];
  if (Bun.which("pass") !== null) cases.push(await passCase(user, machine));
  return cases;
}

/** The same password in a store of pass, for the same key. */
async function passCase(user: User, machine: string): Promise<Case> {
  const env = { ...user.env, PASSWORD_STORE_DIR: join(user.home, "pass") };
  await succeed(["pass", "init", user.fingerprint], { env });
  await succeed(["pass", "insert", "--multiline", machine], { env, stdin: `${password}\n` });
  return { name: `${user.name} pass`, argv: ["pass", "show", machine], env, prints: `${password}\n` };
}

function revoke(user: User, machine: string): void {
  const { exitCode, stderr } = Bun.spawnSync([pstore, machine, "^joe"], {
    env: environment(user.env),
    stderr: "pipe",
  });
  if (exitCode !== 0) throw new Error(`joe cannot be revoked: ${stderr}`);
}

/** What node does at its start depends on variables: with NODE_EXTRA_CA_CERTS it reads certificates first. */
const here = Object.fromEntries(
  Object.entries(process.env).filter(([, value]) => value !== undefined),
) as Record<string, string>;

/** What one read costs the agent, once it holds the passphrase. */
async function operationsOfOneRead(user: User): Promise<number> {
  const before = await privateKeyOperations(user.gnupg);
  const { text } = await user.pstore([machineOf(user.name, 1), "-pg", "password"]);
  const after = await privateKeyOperations(user.gnupg);
  if (text !== password) throw new Error(`-pg printed ${JSON.stringify(text)}.`);
  return after.decrypt + after.sign - before.decrypt - before.sign;
}

const rows = [
  ["pg", "pstore X -pg password"],
  ["pass", "pass show X"],
  ["gpg", "gpg -d, the same message"],
  ["cold", "pstore X -pg password --no-session"],
  ["list", "pstore TEXT: a list of 3"],
  ["create", "pstore -c X"],
  ["grant", "pstore X +joe"],
] as const;

function print(timings: ReadonlyMap<string, Timing>, runs: number): void {
  const cell = (name: string) => {
    const timing = timings.get(name);
    return timing === undefined ? "-" : decimal(timing.median);
  };
  printTable(
    `Commands, milliseconds (medians of ${runs} runs, in turn)`,
    keys.map(({ title }) => title),
    rows.map(([id, what]) => ({ what, cells: keys.map(({ user }) => cell(`${user} ${id}`)) })),
  );
  printTable(
    "Without a key, milliseconds",
    ["nothing but a PATH", "the environment here"],
    [
      { what: "pstore -h", cells: [cell("help"), cell("help here")] },
      { what: "node -e 0", cells: [cell("node"), cell("node here")] },
    ],
  );
}

function claims(timings: ReadonlyMap<string, Timing>, operations: number): readonly Claim[] {
  const of = (name: string) => median(timings, name);
  return [
    ...keys.flatMap(({ user, title }): Claim[] => [
      ...(timings.has(`${user} pass`)
        ? [
            {
              what: `-pg / pass show (${title})`,
              is: of(`${user} pg`) / of(`${user} pass`),
              atMost: 1,
            },
          ]
        : []),
      {
        what: `-pg - gpg -d (${title})`,
        is: of(`${user} pg`) - of(`${user} gpg`),
        atMost: 20,
        unit: "ms",
      },
    ]),
    { what: "-h / node -e 0, nothing but a PATH", is: of("help") / of("node"), atMost: 0.2 },
    { what: "-h / node -e 0, the environment here", is: of("help here") / of("node here"), atMost: 0.2 },
    { what: "private-key operations of a -pg", is: operations, atMost: 1 },
  ];
}
