import { PostgresCluster } from "@pstore/e2e/support/databases/postgres";
import type { Scene } from "./scene.ts";

export const postgres: Scene = {
  title: "three servers on one PostgreSQL, killed and started again; the database is killed once",
  killsServers: true,
  disturbance: "PostgreSQL killed and started",

  async start() {
    const cluster = await PostgresCluster.start();
    await cluster.createDatabase("store");
    const url = cluster.url("store");
    return {
      servers: [url, url, url],
      async disturb() {
        await cluster.kill();
        await cluster.restart();
      },
      copies: () => [url],
      [Symbol.asyncDispose]: () => cluster.close(),
    };
  },
};
