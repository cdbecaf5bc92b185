// The audit log of a real server is sealed, and what somebody changes in the database comes out by what the server printed.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { startServer, type TestServer } from "./support/server.ts";

let server: TestServer;
/** What the server printed to standard error, as its log has it. */
let printed: string;

beforeAll(async () => {
  server = await startServer({ serve: ["--log-format=journal"] });
  await server.addUser("joe");
  await server.addUser("jim");
  await server.stop();
  printed = server.output;
});
afterAll(() => server.dispose());

const verify = (args: readonly string[] = [], stdin?: string) =>
  server.command(["audit", "--verify", ...args], stdin === undefined ? {} : { stdin });

/** Changes the database as root can on the server's host. */
function tamper(...statements: readonly string[]): void {
  const database = new Database(server.database);
  for (const statement of statements) database.run(statement);
  database.close();
}

test("a server that stops prints the seal of all rows, and the log holds against it", async () => {
  const [, name = ""] = /the audit log is sealed up to (\d+:[0-9a-f]{64})/.exec(printed) ?? [];
  const found = await verify(["-"], printed);
  expect([found.code, found.text]).toEqual([0, `${name}\n`]);
  expect(found.stderr).toMatch(
    /^looked at [1-9]\d* rows in [1-9]\d* seals, 1 of which are as expected: nothing/,
  );
  expect((await verify(["--expect", name, "--from", name])).code).toBe(0);
  const rows = JSON.parse(
    `[${(await server.command(["audit", "--json"])).text.trim().replaceAll("\n", ",")}]`,
  );
  expect(found.stderr).toContain(`looked at ${rows.length} rows`);
  expect(rows.at(-1).seal).toBe(Number.parseInt(name, 10));
});

test("input that names no seal is told, rather than taken for proof", async () => {
  const found = await verify(["-"], "nothing\n");
  expect([found.code, found.text]).toEqual([1, ""]);
  expect(found.stderr).toStartWith("pstore-server: no line of standard input tells of a seal; ");
});

test("a row that is changed comes out, and so does a chain that was made anew over it", async () => {
  const [, name = ""] = /sealed up to (\d+:[0-9a-f]{64})/.exec(printed) ?? [];
  tamper("update audit set detail = 'x' where id = (select max(id) from audit)");
  const found = await verify();
  expect([found.code, found.text]).toEqual([1, ""]);
  expect(found.stderr).toMatch(/^fault: a row of seal \d+ was changed, or the seal itself \(/);
  expect(found.stderr).toMatch(/\d fault\(s\): the log is not what the servers wrote\n$/);
  tamper("delete from audit_seals", "update audit set seal = null");
  await server.start();
  await server.stop();
  expect((await verify()).code).toBe(0);
  const compared = await verify(["-"], printed);
  expect(compared.code).toBe(1);
  expect(compared.stderr).toContain(`${name} was expected`);
});
