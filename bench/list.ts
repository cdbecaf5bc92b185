// A list of 10,000 machines with five users each, beside curl for the very same answers of the server.
import { join } from "node:path";
import { apiPath, type ObjectList } from "@pstore/core/api/schemas";
import { makeMachines } from "@pstore/e2e/support/crowd";
import { pstore } from "@pstore/e2e/support/executables";
import { succeed } from "@pstore/e2e/support/process";
import { sessionToken } from "@pstore/e2e/support/session-token";
import { createTeam, type Team, type User } from "@pstore/e2e/support/team";
import { interleave, median } from "./measure.ts";
import { timeReport } from "./resident.ts";
import { type Claim, decimal, printTable } from "./table.ts";

const machines = 10_000;
const atOnce = 2500;
const users = ["alice", "bob", "carol", "dave", "erin"];

const nameOf = (number: number) => `host${String(number).padStart(5, "0")}.example.com`;

/** Times a list of all machines, and prints it. */
export async function benchList(runs: number): Promise<readonly Claim[]> {
  await using team = await createTeam({
    users: users.map((name) => ({ name, ...(name === "alice" && { flags: ["--view-any"] }) })),
  });
  const alice = team.user("alice");
  const members = users.map((name) => team.user(name));
  for (let first = 0; first < machines; first += atOnce) {
    const names = Array.from({ length: atOnce }, (_, index) => nameOf(first + index));
    await makeMachines(team, { names, members });
  }
  const { urls, bytes } = await pages(team, alice);
  const { env } = alice;
  const rows = new RegExp(
    `^ {2}Machine .*\\n-{72}\\n(?:\\+ host\\d{5}\\.example\\.com {5}${users.join(", ")}\\n){${machines}}$`,
  );
  const header = ["--header", `authorization: Bearer ${sessionToken(alice)}`];
  const curl = ["curl", "--silent", "--fail", ...header, ...urls.flatMap((url) => ["-o", "/dev/null", url])];
  const timings = interleave(
    [
      { name: "all", argv: [pstore, "-a"], env, prints: rows },
      { name: "own", argv: [pstore], env, prints: rows },
      { name: "json", argv: [pstore, "-a", "--json"], env },
      { name: "curl", argv: curl },
    ],
    runs,
  );
  const memory = await mostMemory(alice);
  const floor = median(timings, "curl");
  const titles = {
    all: "pstore -a",
    own: "pstore",
    json: "pstore -a --json",
    curl: "curl, what pstore -a asks for",
  } as const;
  printTable(
    `A list of ${machines} machines, ${users.length} users each: ${decimal(bytes / 1e6)} MB in ${urls.length} answers (medians of ${runs} runs, in turn)`,
    ["ms", "time / curl"],
    Object.entries(titles).map(([id, what]) => {
      const time = median(timings, id as keyof typeof titles);
      return { what, cells: [decimal(time), decimal(time / floor)] };
    }),
  );
  return [
    { what: `pstore -a / curl, ${machines} machines`, is: median(timings, "all") / floor, atMost: 2 },
    { what: `pstore -a's memory, ${machines} machines`, is: memory / 1e6, atMost: 100, unit: "MB" },
  ];
}

/** The URLs of all pages of the list, and the size of the answers. */
async function pages(team: Team, user: User): Promise<{ urls: readonly string[]; bytes: number }> {
  const headers = { authorization: `Bearer ${sessionToken(user)}` };
  const urls: string[] = [];
  let bytes = 0;
  for (let next: string | null = ""; next !== null; ) {
    const query = new URLSearchParams({ q: "", ...(next !== "" && { cursor: next }), all: "1" });
    const url = `${team.server.url}${apiPath}/objects?${query}`;
    const text = await (await fetch(url, { headers })).text();
    urls.push(url);
    bytes += text.length;
    ({ next } = JSON.parse(text) as ObjectList);
  }
  return { urls, bytes };
}

/** The most memory that a list took, in bytes: the median of some. */
async function mostMemory(user: User): Promise<number> {
  const report = join(user.home, "time.txt");
  const found: number[] = [];
  for (let run = 0; run < 5; run++) {
    await succeed(["/usr/bin/time", "-v", "-o", report, pstore, "-a"], { env: user.env });
    found.push(timeReport(report).most);
  }
  return found.sort((a, b) => a - b)[2] ?? Number.NaN;
}
