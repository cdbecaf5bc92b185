import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { SQL } from "bun";
import { MariaDbServer } from "./mariadb.ts";
import { whyNoServer } from "./programs.ts";

const missing = whyNoServer("mysql") !== null;

test.skipIf(missing)(
  "a server keeps its data and its port over kill and restart, and leaves nothing",
  async () => {
    await using server = await MariaDbServer.start({ settings: { "max-connections": "20" }, tls: true });
    expect(await server.query("select @@max_connections, @@max_allowed_packet")).toBe("20\t16777216");
    await server.createDatabase("store");
    await server.query("create table kept (id int); insert into kept values (1), (2)", "store");

    await server.kill();
    await expect(server.query("select 1")).rejects.toThrow("Can't connect to local server");
    await server.restart();
    await using sql = new SQL(server.url("store"), { max: 1 });
    expect(await sql.unsafe("select id from kept order by id").then((rows) => rows.length)).toBe(2);
    const ca = await Bun.file(server.caFile).text();
    await using safe = new SQL(server.url("store"), { max: 1, tls: { ca, rejectUnauthorized: true } });
    const [row] = await safe.unsafe("show status like 'ssl_version'");
    expect(row.Value).toBe("TLSv1.3");

    await server.close();
    expect(existsSync(server.folder)).toBeFalse();
  },
);

test.skipIf(missing)("a server wants the password, and has no user without one", async () => {
  await using server = await MariaDbServer.start();
  for (const [user, password] of [
    ["admin", "wrong"],
    ["root", ""],
    ["", ""],
  ] as const) {
    await using sql = new SQL(server.url("mysql", { user, password }), { max: 1 });
    await expect(sql.unsafe("select 1").execute()).rejects.toThrow("Access denied");
  }
});
