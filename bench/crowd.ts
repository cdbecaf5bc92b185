// A store of thousands of machines: what it costs to list them, and to read one of them.
import { randomUUID } from "node:crypto";
import { apiPath, type CommitRequest, type StoreInfo } from "@pstore/core/api/schemas";
import { commitOf, commitText } from "@pstore/core/commit";
import { measure as measureValue } from "@pstore/core/digest";
import { openpgpFingerprint } from "@pstore/core/fingerprint";
import { encodeManifest } from "@pstore/core/manifest";
import { pstore } from "@pstore/e2e/support/executables";
import { succeed } from "@pstore/e2e/support/process";
import { createTeam, type Team, type User } from "@pstore/e2e/support/team";
import { interleave, median } from "./measure.ts";
import { sessionToken } from "./requests.ts";
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
  const filled = await fill(team, alice);
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

/** Makes all machines but the first, by one signature. @returns how long the server took, in milliseconds */
async function fill(team: Team, user: User): Promise<number> {
  const { url } = team.server;
  const { id: store } = (await (await fetch(`${url}${apiPath}/store`)).json()) as StoreInfo;
  const key = openpgpFingerprint(user.fingerprint);
  const part = user.keys[0]?.encryption;
  if (!part) throw new Error(`${user.name} has no key to encrypt to.`);
  const keys = new Map([[key, openpgpFingerprint(part)]]);
  const address = Buffer.from("192.0.2.1");
  const manifests = Array.from({ length: machines - 1 }, (_, index) =>
    encodeManifest({
      store,
      object: { id: randomUUID(), name: name(index + 1) },
      revision: 1,
      previous: null,
      author: { user: user.name, key },
      time: "2026-01-01T00:00:00Z",
      members: new Map([[user.name, { access: "write", keys }]]),
      properties: new Map([
        [
          "ip-address",
          { kind: "public", size: address.length, digest: measureValue(address).digest, revision: 1 },
        ],
      ]),
      deleted: false,
    }),
  );
  const commit = commitText(commitOf(store, manifests));
  const sign = ["gpg", "--batch", "--digest-algo", "SHA512", "--detach-sign"];
  const { stdout } = await succeed(sign, { env: user.env, stdin: commit });
  const values = [{ property: "ip-address", inline: address.toString("base64") }];
  const request: CommitRequest = {
    commit,
    signature: Buffer.from(stdout).toString("base64"),
    changes: manifests.map((manifest) => ({ manifest, values, wrappedKeys: [] })),
  };
  const start = performance.now();
  const answer = await fetch(`${url}${apiPath}/commits`, {
    method: "POST",
    headers: { authorization: `Bearer ${sessionToken(user)}`, "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  if (!answer.ok) throw new Error(`The machines were not made: ${await answer.text()}`);
  return performance.now() - start;
}
