// A value of 256 MiB: how much memory it takes, how often it is stored, and what a further reader costs.
import { existsSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { pstore } from "@pstore/e2e/support/executables";
import { createFolder } from "@pstore/e2e/support/folder";
import { type Input, succeed } from "@pstore/e2e/support/process";
import { createTeam, type Team, type User } from "@pstore/e2e/support/team";
import { type CountingProxy, freePort, openCountingProxy } from "./counting-proxy.ts";
import { summary } from "./measure.ts";
import { residentMemory, timeReport } from "./resident.ts";
import { type Claim, decimal, printTable } from "./table.ts";

const mebibyte = 1024 * 1024;
const size = 256 * mebibyte;
const machine = "backup.example.com";

/** How often the value is written and read, in turn with gpg. */
const runs = 3;

const megabytes = (bytes: number) => bytes / 1e6;

/** Sets and reads a large value by pipe, grants it to further readers, and prints what that took. */
export async function benchLarge(): Promise<readonly Claim[]> {
  const port = await freePort();
  await using proxy = await openCountingProxy(port);
  // A sign-in counts for one URL of the server, and the one through the proxy is as good as its own.
  const serve = [`http://127.0.0.1:${port}`, proxy.url].flatMap((url) => ["--public-url", url]);
  await using team = await createTeam({
    users: [{ name: "alice", makeKeys: [{ algorithm: "rsa2048" }] }, "bob", "carol", "dave"],
    server: { serve: [...serve, "--listen", `127.0.0.1:${port}`] },
  });
  await team.user("bob").configure(`--store-url=${proxy.url}`, "--user=bob");
  const folder = await createFolder();
  try {
    const value = join(folder, "value");
    await succeed(["sh", "-c", 'head -c "$1" /dev/urandom > "$2"', "sh", `${size}`, value]);
    const storage = await benchStorage(team, proxy, value);
    return [...storage, ...(await benchTransfers(team, folder, value))];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Stores the value for two users, and grants it to a third and a fourth. */
async function benchStorage(team: Team, proxy: CountingProxy, value: string): Promise<readonly Claim[]> {
  const alice = team.user("alice");
  const bob = team.user("bob");
  await must(alice, ["-c", machine], "secret\n");
  const before = databaseSize(team);
  await must(alice, [machine, "-pe", "image"], Bun.file(value));
  const one = databaseSize(team);
  await must(alice, [machine, "+bob"]);
  await must(bob, [machine, "-pl"]);

  proxy.take();
  await must(bob, [machine, "+carol", "--yes"]);
  const transferred = proxy.take();
  await must(alice, [machine, "+dave", "--yes"]);
  const four = databaseSize(team);
  printTable(
    "256 MiB, encrypted, in the database",
    [""],
    [
      { what: "database, empty but for the users", cells: [`${decimal(megabytes(before))} MB`] },
      { what: "with the value, for 1 reader", cells: [`${decimal(megabytes(one))} MB`] },
      { what: "the same for 4 readers", cells: [`${decimal(megabytes(four))} MB`] },
      { what: "bytes over TCP to grant it to one more", cells: [`${transferred}`] },
    ],
  );
  return [
    { what: "growth of the database by 256 MiB / 256 MiB", is: (one - before) / size, atMost: 1.05 },
    { what: "growth of the database by 3 more readers", is: (four - one) / 1000, atMost: 100, unit: "kB" },
    { what: "bytes to grant 256 MiB to one more", is: transferred, atMost: 10_000, unit: "B" },
  ];
}

/** Writes and reads the value by pipe, in turn with gpg. */
async function benchTransfers(team: Team, folder: string, value: string): Promise<readonly Claim[]> {
  if (!existsSync("/usr/bin/time")) {
    console.log("\nThere is no /usr/bin/time here: the memory of a client is left out.");
    return [];
  }
  const { env, fingerprint } = team.user("alice");
  const report = join(folder, "report");
  const encrypted = join(folder, "value.gpg");
  const gpg = "gpg --batch --quiet --yes --trust-model always";
  const commands = {
    "pstore -pe": `cat "${value}" | $TIME "${pstore}" ${machine} -pe image`,
    // Without compression, as pstore: random bytes give nothing, and only cost time.
    "gpg -e": `cat "${value}" | $TIME ${gpg} --compress-algo none -r ${fingerprint} -e > "${encrypted}"`,
    "pstore -pg": `$TIME "${pstore}" ${machine} -pg image | cmp - "${value}"`,
    "gpg -d": `$TIME ${gpg} -d "${encrypted}" | cmp - "${value}"`,
  };
  const results = new Map<string, { most: number; milliseconds: number }[]>();
  for (let run = 0; run < runs; run++) {
    for (const [name, command] of Object.entries(commands)) {
      const script = command.replace("$TIME", `/usr/bin/time -v -o "${report}"`);
      await succeed(["sh", "-c", script], { env });
      results.set(name, [...(results.get(name) ?? []), timeReport(report)]);
    }
  }
  const time = (name: string) => summary((results.get(name) ?? []).map((one) => one.milliseconds)).median;
  const memory = (name: string) => summary((results.get(name) ?? []).map((one) => one.most)).most;
  const server = residentMemory(team.server.pid);
  const row = (name: string, peer: string) => ({
    what: name,
    cells: [
      decimal(time(name) / 1000),
      decimal(megabytes(memory(name))),
      name === peer ? "" : decimal(time(name) / time(peer)),
    ],
  });
  printTable(
    `256 MiB by pipe (medians of ${runs} runs, in turn)`,
    ["seconds", "MB resident, most", "time / gpg"],
    [
      ...[row("pstore -pe", "gpg -e"), row("gpg -e", "gpg -e")],
      ...[row("pstore -pg", "gpg -d"), row("gpg -d", "gpg -d")],
      { what: "pstore-server, meanwhile", cells: ["", decimal(megabytes(server.most)), ""] },
    ],
  );
  const limit = { atMost: 200, unit: "MB" };
  return [
    { what: "client's memory, 256 MiB set", is: megabytes(memory("pstore -pe")), ...limit },
    { what: "client's memory, 256 MiB read", is: megabytes(memory("pstore -pg")), ...limit },
    { what: "server's memory, all that while", is: megabytes(server.most), ...limit },
  ];
}

/** Runs the client, whose work is only prepared with. */
async function must(user: User, args: readonly string[], stdin?: Input): Promise<void> {
  const { code, stderr } = await user.pstore(args, stdin === undefined ? {} : { stdin });
  if (code !== 0) throw new Error(`${user.name}'s pstore ${args.join(" ")} ended with ${code}: ${stderr}`);
}

/** With the write-ahead log, which holds what is new. In bytes. */
function databaseSize(team: Team): number {
  const { database } = team.server;
  const log = `${database}-wal`;
  return statSync(database).size + (existsSync(log) ? statSync(log).size : 0);
}
