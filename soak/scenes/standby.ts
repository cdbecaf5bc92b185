import { PostgresPair } from "@pstore/e2e/support/databases/postgres-pair";
import type { Scene } from "./scene.ts";

export const standby: Scene = {
  title:
    "three servers on a PostgreSQL with a synchronous standby; the primary is killed, the standby promoted",
  killsServers: false,
  disturbance: "primary killed, standby promoted",

  async start() {
    const pair = await PostgresPair.start();
    await pair.createDatabase("store");
    const url = pair.url("store");
    return {
      servers: [url, url, url],
      async disturb() {
        await pair.killPrimary();
        await pair.promote();
      },
      copies: () => [pair.standby.url("store")],
      [Symbol.asyncDispose]: () => pair.close(),
    };
  },
};
