import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createFolder } from "@pstore/e2e/support/folder";
import type { Scene } from "./scene.ts";

export const sqlite: Scene = {
  title: "one server on SQLite, killed and started again",
  killsServers: true,
  disturbance: null,

  async start() {
    const folder = await createFolder();
    const url = `sqlite:${join(folder, "store.db")}`;
    return {
      servers: [url],
      disturb: null,
      copies: () => [url],
      [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
    };
  },
};
