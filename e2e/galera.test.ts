// A cluster of MariaDB servers that all take writes, and what a server beside a node does when that node is cut off.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { GaleraCluster, type GaleraNode } from "./support/databases/galera.ts";
import { whyNoServer } from "./support/databases/programs.ts";
import { createTeam, does } from "./support/team.ts";

const missing = whyNoServer("mysql") !== null;

let cluster: GaleraCluster;
beforeAll(async () => {
  if (!missing) cluster = await GaleraCluster.start();
}, 180_000);
afterAll(() => cluster?.close());

const node = (index: number): GaleraNode => {
  const found = cluster.nodes[index];
  if (found === undefined) throw new Error(`There is no node ${index}.`);
  return found;
};

test.skipIf(missing)("the others go on without a killed node, which then has what it missed", async () => {
  await cluster.createDatabase("kept");
  await node(0).query("create table kept (id int primary key); insert into kept values (1)", "kept");
  await node(2).kill();
  await cluster.waitForClusterSize(2);
  await node(1).query("insert into kept values (2)", "kept");
  await node(2).rejoin();
  await cluster.waitForClusterSize(3);
  expect(await node(2).query("select id from kept order by id", "kept")).toBe("1\n2");
  const [, own, next] = [0, 1, 2].map((index) => new URL(cluster.urlOf(index, "kept")).port);
  expect(cluster.url("kept", { first: 1 })).toMatch(
    new RegExp(`@127.0.0.1:${own},127.0.0.1:${next},[^,]*/kept$`),
  );
});

test.skipIf(missing)(
  "the server beside a node that is cut off from the majority goes on with another node",
  async () => {
    await cluster.createDatabase("store");
    const server = { url: cluster.url("store", { first: 2 }) };
    await using team = await createTeam({ users: ["walter"], server });
    const walter = team.user("walter");
    await walter.configure(`--store-url=${team.server.url}`, "--user=walter", "--patience=60");
    await does(walter, ["-c", "box"], "before\n");

    await node(2).isolate(true);
    try {
      // The server's connections to this node are open, and it answers on them that it is not ready.
      await does(walter, ["box", "-pe", "password"], "meanwhile\n");
      expect((await walter.pstore(["box", "password"])).text).toBe("meanwhile\n");
      await cluster.waitForClusterSize(2);
    } finally {
      await node(2).isolate(false);
    }
    await cluster.waitForClusterSize(3, 2);
    await does(walter, ["box", "-pe", "password"], "after\n");
    const rows = "select count(*) from commits";
    expect(await node(2).query(rows, "store")).toBe("3");
    expect(await node(0).query(rows, "store")).toBe("3");
  },
  180_000,
);
