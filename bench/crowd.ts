// A store of thousands of machines: what it costs to list them, and to read one of them.
import { makeMachines } from "@pstore/e2e/support/crowd";
import { pstore } from "@pstore/e2e/support/executables";
import { succeed } from "@pstore/e2e/support/process";
import { createTeam } from "@pstore/e2e/support/team";
import { interleave, median } from "./measure.ts";
import { type Claim, decimal, printTable } from "./table.ts";

const machines = 3000;
const password = "wAlTeR!";
const name = (number: number) => `host${String(number).padStart(4, "0")}.example.com`;

/** Fills a store with machines and times commands in it. */
export async function benchCrowd(runs: number): Promise<readonly Claim[]> {
  await using team = await createTeam({ users: ["alice"] });
  const alice = team.user("alice");
  const { env } = alice;
  await succeed([pstore, "-c", name(0)], { env, stdin: `${password}\n` });
  const names = Array.from({ length: machines - 1 }, (_, index) => name(index + 1));
  const properties = () => new Map([["ip-address", "192.0.2.1"]]);
  const filled = await makeMachines(team, { names, members: [alice], properties });
  const rows = new RegExp(`^ {2}Machine .*\\n-{72}\\n(?:\\+ .*\\n){${machines}}$`);
  const timings = interleave(
    [
      { name: "node", argv: ["node", "-e", "0"] },
      { name: "all", argv: [pstore], env, prints: rows },
      { name: "text", argv: [pstore, "host000"], env, prints: /^ {2}Machine .*\n-{72}\n(?:\+ .*\n){10}$/ },
      { name: "exact", argv: [pstore, name(0), "-pg", "password"], env, prints: password },
      { name: "show", argv: [pstore, name(0)], env, prints: `password = ${password}\n` },
    ],
    runs,
  );
  const node = median(timings, "node");
  const titles = {
    all: `pstore: all ${machines}`,
    text: "pstore TEXT: 10 of them",
    exact: "pstore X -pg password",
    show: "pstore X",
    node: "node -e 0",
  } as const;
  printTable(
    `A store of ${machines} machines (medians of ${runs} runs, in turn)`,
    ["ms", "time / node -e 0"],
    [
      { what: `one commit of ${machines - 1} machines, at the server`, cells: [decimal(filled), ""] },
      ...Object.entries(titles).map(([id, what]) => {
        const time = median(timings, id as keyof typeof titles);
        return { what, cells: [decimal(time), decimal(time / node)] };
      }),
    ],
  );
  return [];
}
