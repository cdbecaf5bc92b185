import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { parseLocation, type ServerLocation, shownLocation } from "./location.ts";

const folder = mkdtempSync("/tmp/p-");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const server = (url: string) => parseLocation(url) as ServerLocation;

test("a file is named by its path, whatever stands in it", () => {
  expect(parseLocation("sqlite:/var/lib/a b?c#d.db")).toEqual({
    engine: "sqlite",
    path: "/var/lib/a b?c#d.db",
  });
  expect(parseLocation("sqlite:store.db")).toEqual({ engine: "sqlite", path: resolve("store.db") });
});

test("a server is named by its hosts, its user and its database, and both engines by two names each", () => {
  expect(server("postgres://joe:p%40ss@db1,db2:5433,[::1]:5434/team%2Fstore?pool=3")).toMatchObject({
    engine: "postgres",
    hosts: [
      { host: "db1", port: 5432 },
      { host: "db2", port: 5433 },
      { host: "::1", port: 5434 },
    ],
    user: "joe",
    password: "p@ss",
    database: "team/store",
    pool: 3,
  });
  expect(server("postgresql:///x")).toMatchObject({
    engine: "postgres",
    hosts: [{ host: "localhost", port: 5432 }],
    user: undefined,
    password: undefined,
    pool: 10,
  });
  for (const scheme of ["mysql", "mariadb"])
    expect(server(`${scheme}://db/x`)).toMatchObject({
      engine: "mysql",
      hosts: [{ host: "db", port: 3306 }],
    });
  expect(server("mysql:///x?socket=/run/s").hosts).toEqual([{ socket: "/run/s" }]);
});

test("a password and certificates are read from files, the password from the first line", () => {
  const file = join(folder, "secret");
  writeFileSync(file, "from the file\r\nnot this\n");
  expect(server(`mysql://joe@db/x?password-file=${file}`).password).toBe("from the file");
  expect(server(`mysql://joe@db/x?sslrootcert=${file}&sslmode=require`).tls).toMatchObject({
    mode: "require",
    ca: "from the file\r\nnot this\n",
  });
});

test("a place is shown as it is given, without its password", () => {
  for (const url of [
    "sqlite:/a/b.db",
    "postgres://joe@db1:5432,db2:5433/x",
    "mysql://joe%2F@[::1]:3306/a%20b",
    "mysql:///x?socket=/run/s",
  ])
    expect(shownLocation(parseLocation(url))).toBe(url);
  expect(shownLocation(parseLocation("postgres://joe:secret@db/x"))).toBe("postgres://joe@db:5432/x");
});

test.each([
  ["/a/b.db", "none of the forms"],
  ["sqlite:", "none of the forms"],
  ["oracle://db/x", "none of the forms"],
  ["constructor://db/x", "none of the forms"],
  ["postgres://db", "none of the forms"],
  ["postgres://db/", "none of the forms"],
  ["postgres://db/x/y", "none of the forms"],
  ["postgres://a@b@c/x", "none of the forms"],
  ["postgres://db:0/x", "no host 'db:0'"],
  ["postgres://db:70000/x", "no host 'db:70000'"],
  ["postgres://db1,,db2/x", "no host ''"],
  ["postgres://d%b/x", "percent-encoding"],
  ["postgres://db/x?sslmode=prefer", "sslmode=prefer"],
  ["postgres://db/x?ssl=true", "no parameter 'ssl'; those there are: socket, sslmode"],
  ["postgres://db/x?pool=1", "no number from 2"],
  ["postgres://db/x?pool=many", "no number from 2"],
  ["postgres://db/x?socket=/run", "hosts and a socket"],
  ["postgres://db/x?password-file=/nowhere", "password-file /nowhere"],
])("%s is refused with what is wrong", (url, why) => {
  expect(() => parseLocation(url)).toThrow(why);
});

test("no password is ever shown, in no error and in no place", () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9%:!+\\ é-]{4,12}$/).map((text) => `~${text}~`);
  const rest = fc.oneof(
    fc.constantFrom("db/x", "db:1/x", "db:99999/x", "db,/x", "db", "db/x?pool=1", "db/x?nope=1", "[::1/x"),
    fc.string({ maxLength: 20 }).filter((text) => !text.includes("@") && !text.includes("~")),
  );
  fc.assert(
    fc.property(fc.constantFrom("postgres", "mysql", "x"), secret, rest, (scheme, password, tail) => {
      let shown: string;
      try {
        shown = shownLocation(parseLocation(`${scheme}://joe:${password}@${tail}`));
      } catch (error) {
        shown = String(error);
      }
      expect(shown).not.toContain("~");
    }),
    { seed: 7, numRuns: 2000 },
  );
});
