// How many reads a server answers, and what it holds in memory afterwards.
import { apiPath } from "@pstore/core/api/schemas";
import { sessionToken } from "@pstore/e2e/support/session-token";
import { createTeam } from "@pstore/e2e/support/team";
import { residentMemory } from "./resident.ts";
import { type Claim, decimal, printTable } from "./table.ts";

const machine = "web.example.com";
const requests = 10_000;

/** Enough to keep a server of one thread busy, beside this program on the other core. */
const atOnce = 8;

/** Sends 10,000 reads over loopback and prints how many were answered in a second. */
export async function benchRequests(): Promise<readonly Claim[]> {
  await using team = await createTeam({
    users: ["alice"],
    // One user asks for all that the server can do.
    server: { serve: ["--max-user-requests", "0"] },
  });
  const alice = team.user("alice");
  const { code, stderr } = await alice.pstore(["-c", machine], { stdin: "secret\n" });
  if (code !== 0) throw new Error(`There is nothing to read: ${stderr}`);
  const { url, pid } = team.server;
  const headers = { authorization: `Bearer ${sessionToken(alice)}` };
  const object = `${url}${apiPath}/object?name=${machine}`;
  const cases = [
    { what: "an object's manifest and public values", url: object },
    { what: "the same with an encrypted value", url: `${object}&value=password` },
    { what: "/healthz", url: `${url}/healthz` },
  ];
  const begin = residentMemory(pid).now;
  const rows = [];
  for (const one of cases) {
    const rate = await requestsPerSecond(one.url, headers);
    const { now } = residentMemory(pid);
    rows.push({ what: one.what, cells: [decimal(Math.round(rate)), decimal(now / 1e6)] });
  }
  printTable(
    `Server: ${requests} reads over loopback, ${atOnce} at once`,
    ["requests/s", "MB resident afterwards"],
    [{ what: "before the first", cells: ["", decimal(begin / 1e6)] }, ...rows],
  );
  const { most } = residentMemory(pid);
  return [
    {
      what: `server's memory in ${requests * cases.length} requests`,
      is: most / 1e6,
      atMost: 200,
      unit: "MB",
    },
  ];
}

async function requestsPerSecond(url: string, headers: Record<string, string>): Promise<number> {
  let left = requests;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) {
        const answer = await fetch(url, { headers });
        if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}.`);
        await answer.arrayBuffer();
      }
    }),
  );
  return (requests * 1000) / (performance.now() - start);
}
