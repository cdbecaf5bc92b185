// npm run demo -- [--database URL]
//
// Plays a session of two users at a throw-away store: real GnuPG, real terminals, the executables as they are
// shipped. Ends with 0 when everything answered as it should, else with 1 and a sentence. `--database` names an empty
// database of a PostgreSQL or MariaDB server, in which the store then stays, in place of a file that goes.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import type { Account } from "@pstore/e2e/support/account";
import { bytesOfRows, storedMessageAt } from "@pstore/e2e/support/databases/rows";
import { pstore } from "@pstore/e2e/support/executables";
import { environment } from "@pstore/e2e/support/process";
import { addSshUser, type SshUser } from "@pstore/e2e/support/ssh-user";
import { storedMessage } from "@pstore/e2e/support/stored-message";
import { createTeam, type Team } from "@pstore/e2e/support/team";
import { openTerminal } from "@pstore/e2e/support/terminal";

/** A command as a user types it. */
interface Step {
  readonly command: string;
  /** What is typed at its questions, in their order. */
  readonly answers?: readonly string[];
  /** What the terminal must show, but for notices. Default: nothing. */
  readonly shows?: string;
  /** Default: 0. */
  readonly code?: number;
}

/** An answer that is not the expected one. */
class Unexpected extends Error {}

const rule = "-".repeat(72);
const list = (...rows: readonly string[]) =>
  `${["  Machine                   User access", rule, ...rows].join("\n")}\n`;
const asked = "Type new machine password: \nType new machine password again: \n";

const secret = "wAlTeR!";
const address = "1.2.3.4";
const keyLines = Array.from({ length: 4 }, () => randomBytes(48).toString("base64"));
const certificateKey = ["-----BEGIN PRIVATE KEY-----", ...keyLines, "-----END PRIVATE KEY-----", ""].join(
  "\n",
);

/** The colours in which a terminal conceals a password, and their end. */
const concealment = /\u001b\[30;40m(.*)\u001b\[0m/g;

async function demo(team: Team, alex: SshUser): Promise<void> {
  const walter = team.user("walter");
  const joe = team.user("joe");
  await writeFile(join(walter.home, "ssl-cert.key"), certificateKey);

  say(`A throw-away store runs at ${team.server.url}. Walter and joe each have a home and a GPG key.`);
  await play(walter, {
    command: "cat ~/.pstorerc",
    shows: `--store-url=${team.server.url}\n--user=walter\n`,
  });

  say("Walter makes two machines, and shares the first with joe:");
  await play(walter, { command: "pstore -c new.example.com +joe", answers: ["new", "new"], shows: asked });
  await play(walter, { command: "pstore -c walter.example.com", answers: [secret, secret], shows: asked });
  await play(walter, { command: `printf ${address} | pstore walter.example.com -ps ip-address` });

  say("He lists them, and shows one (a terminal conceals the password by its colours; not so here):");
  const two = ["+ new.example.com           joe, walter", "+ walter.example.com        walter"];
  await play(walter, { command: "pstore example", shows: list(...two) });
  await play(walter, {
    command: "pstore walter.example.com",
    shows: `ip-address = ${address}\npassword = ${secret}\n`,
  });

  say("He makes another one with a password, shared with joe:");
  const three = [...two, "+ walter2.example.com       joe, walter"];
  await play(walter, {
    command: "pstore -c walter2.example.com +joe",
    answers: ["abc", "abc"],
    shows: asked,
  });
  await play(walter, { command: "pstore example", shows: list(...three) });
  await play(walter, { command: "pstore walter2.example.com", shows: "password = abc\n" });

  say("He adds a public (unencrypted) and a shared (encrypted) property:");
  await play(walter, { command: "printf walter2 | pstore walter2.example.com -ps ssh-username" });
  await play(walter, { command: "cat ssl-cert.key | pstore walter2.example.com -pe ssl-cert.key" });
  const { length } = (await stored(team, "walter2.example.com", "ssl-cert.key", walter.fingerprint)).body;
  const shown = `ssh-username = walter2\nssl-cert.key = (${length} byte encrypted)\npassword = abc\n`;
  await play(walter, { command: "pstore walter2.example.com", shows: shown });

  say("Joe, with his own key, sees what walter shares with him, and nothing else:");
  await play(joe, { command: "pstore example", shows: list(...[two[0] ?? "", three[2] ?? ""]) });
  await play(joe, { command: "pstore walter2.example.com", shows: shown });
  await play(joe, { command: "pstore walter2.example.com -pg ssl-cert.key", shows: certificateKey });
  await play(joe, {
    command: "pstore walter.example.com",
    code: 1,
    shows:
      "error: no machine of yours is named 'walter.example.com' or contains that in its name; pstore lists all of yours\n",
  });

  say("Alex has an SSH key, and no GPG. Walter lets alex in, and joe out:");
  await play(walter, { command: "pstore walter2.example.com +alex ^joe" });
  await play(alex, { command: "command -v gpg || echo no gpg here", shows: "no gpg here\n" });
  await play(alex, { command: "pstore walter2.example.com", shows: shown });
  await play(joe, {
    command: "pstore walter2.example.com",
    code: 1,
    shows: `error: you have no access to 'walter2.example.com': its revision 4, by walter, is without you; ask a member to allow you again\n`,
  });

  say(
    `What the server has: the bytes of ${isFile(team) ? "its database file" : "all rows of its database"}.`,
  );
  lookInto(isFile(team) ? bytesOfFile(team.server.database) : await bytesOfRows(team.server.location));

  say("And no pstore is needed to recover a secret. The message, as it lies in the database, for plain GPG:");
  const { message } = await stored(team, "walter.example.com", "password", walter.fingerprint);
  await writeFile(join(walter.home, "message.gpg"), message);
  await play(walter, { command: "gpg --quiet -d message.gpg; echo", shows: `${secret}\n` });
}

function say(text: string): void {
  console.log(`\n# ${text}`);
}

/** Runs a command at a terminal of its own, shows it with what the terminal shows, and compares that. */
async function play(user: Account, { command, answers = [], shows = "", code = 0 }: Step): Promise<void> {
  console.log(`${user.name}$ ${command}`);
  const terminal = openTerminal(["sh", "-c", command], {
    cwd: user.home,
    env: { ...user.env, PATH: `${dirname(pstore)}:${user.env["PATH"] ?? environment()["PATH"]}` },
    columns: 500,
  });
  for (const answer of answers) {
    await terminal.waitFor(/: $/);
    if (terminal.echoes) throw new Unexpected(`The terminal shows what is typed into '${command}'.`);
    terminal.type(`${answer}\r`);
  }
  const { code: actual, output } = await terminal.exit;
  const text = output.replaceAll("\r\n", "\n").replace(concealment, "$1");
  process.stdout.write(text);
  if (actual !== code) throw new Unexpected(`'${command}' ended with ${actual}, not with ${code}.`);
  if (text.replace(/^NOTICE: .*\n/gm, "") !== shows)
    throw new Unexpected(`'${command}' should have shown ${JSON.stringify(shows)}.`);
}

const isFile = ({ server }: Team) => server.location.startsWith("sqlite:");

function bytesOfFile(database: string): Buffer {
  const files = [database, `${database}-wal`].filter((file) => existsSync(file));
  return Buffer.concat(files.map((file) => readFileSync(file)));
}

/** An encrypted value as the database has it. */
async function stored(team: Team, machine: string, property: string, fingerprint: string) {
  const { database, location } = team.server;
  return isFile(team)
    ? storedMessage(database, machine, property, fingerprint)
    : await storedMessageAt(location, machine, property, fingerprint);
}

/** Shows which values lie in clear in what a database has. */
function lookInto(bytes: Buffer): void {
  const holds = (value: string) =>
    (["utf8", "base64", "hex"] as const).some((form) => bytes.includes(Buffer.from(value).toString(form)));
  const values = [
    { what: "the public ip-address of walter.example.com", value: address, inClear: true },
    { what: "its password", value: secret, inClear: false },
    { what: "the ssl-cert.key of walter2.example.com", value: keyLines[0] ?? "", inClear: false },
  ];
  for (const { what, value, inClear } of values) {
    const found = holds(value);
    console.log(`${found ? "in clear:   " : "not there:  "} ${what} (${value})`);
    if (found !== inClear)
      throw new Unexpected(`In the database, ${what} ${found ? "stands in clear" : "is missing"}.`);
  }
}

try {
  const { database } = parseArgs({ options: { database: { type: "string" } } }).values;
  await using team = await createTeam({
    users: ["walter", "joe"],
    ...(database !== undefined && { server: { url: database } }),
  });
  // What was made goes with the demo, also when somebody interrupts it.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => team.dispose().finally(() => process.exit(1)));
  await demo(team, await addSshUser(team, "alex", { type: "ed25519", hasGpg: false }));
  console.log("\nEverything answered as it should.");
} catch (error) {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
