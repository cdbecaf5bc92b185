import { GaleraCluster } from "@pstore/e2e/support/databases/galera";
import type { Scene } from "./scene.ts";

/** Which node dies: one that is neither the first of the cluster nor the last. */
const victim = 1;

export const galera: Scene = {
  title: "a server beside each node of a Galera cluster of three; one node is killed and comes back",
  killsServers: false,
  disturbance: "node killed and back in the cluster",

  async start() {
    const cluster = await GaleraCluster.start();
    await cluster.createDatabase("store");
    const nodes = cluster.nodes.map((_, node) => node);
    return {
      servers: nodes.map((first) => cluster.url("store", { first })),
      async disturb() {
        const node = cluster.nodes[victim];
        await node?.kill();
        await cluster.waitForClusterSize(nodes.length - 1);
        await node?.rejoin();
        await cluster.waitForClusterSize(nodes.length);
      },
      copies: () => nodes.map((node) => cluster.urlOf(node, "store")),
      [Symbol.asyncDispose]: () => cluster.close(),
    };
  },
};
