// The manual pages: made from what the programs say of themselves, well-formed, and true: what stands in their examples
// is done here.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { options } from "../packages/client/src/cli/options/all.ts";
import { generated } from "../scripts/generate.ts";
import { clientExamples, type Example, serverExamples, store } from "../scripts/manual/examples.ts";
import { pstore } from "./support/executables.ts";
import { exportPublic } from "./support/gnupg.ts";
import { type Environment, environment, run, start } from "./support/process.ts";
import { createTeam, type Team, type User } from "./support/team.ts";
import { openTerminal } from "./support/terminal.ts";

const root = join(import.meta.dir, "..");
const pages = ["docs/man/pstore.1", "docs/man/pstore-server.8"];

test("what is made from the programs' tables and texts is as npm run generate makes it", async () => {
  for (const [path, text] of await generated()) {
    expect({ path, text: await Bun.file(join(root, path)).text() }).toEqual({ path, text });
  }
});

describe.skipIf(Bun.which("mandoc") === null)("the pages", () => {
  test.each(pages)("%s is well-formed", async (page) => {
    const { text } = await run(["mandoc", "-Tlint", page], { cwd: root });
    // Which other pages are installed is this host's affair.
    const faults = text
      .split("\n")
      .filter((line) => line !== "" && !/referenced manual not found|mandoc\.db/.test(line));
    expect(faults).toEqual([]);
  });

  test.each(pages)("%s fits a terminal of 80 columns, but for what is to be typed", async (page) => {
    const { text } = await run(["mandoc", "-Tascii", "-Owidth=80", page], { cwd: root });
    const lines = text.replace(/.\u0008/g, "").split("\n");
    expect(lines.length).toBeGreaterThan(100);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  test("pstore(1) has every option and all that is said of it", async () => {
    const text = await shown("docs/man/pstore.1");
    for (const { names, help, more = "" } of options) {
      for (const name of names) expect(text).toMatch(new RegExp(`(^|[\\s,])${name}\\b`));
      for (const said of [help.slice(1), more]) expect(text).toContain(said.replaceAll("…", "..."));
    }
  });

  /** A page without formatting, in one line. */
  const shown = async (page: string) => {
    const { text } = await run(["mandoc", "-Tascii", "-Owidth=1000", page], { cwd: root });
    return text.replace(/.\u0008/g, "").replace(/\s+/g, " ");
  };
});

describe("the examples", () => {
  let team: Team;
  let walter: User;

  beforeAll(async () => {
    team = await createTeam({ users: ["walter", "joe", "alex"] });
    walter = team.user("walter");
    await rm(join(walter.home, ".pstorerc"));
    await writeFile(join(walter.home, "tls.key"), "a key");
    for (const name of ["walter", "joe"]) {
      const user = team.user(name);
      await writeFile(join(walter.home, `${name}.asc`), await exportPublic(user.gnupg, user.fingerprint));
    }
    // Prints the password that it was given.
    await mkdir(join(walter.home, "bin"));
    await writeFile(join(walter.home, "bin/psql"), '#!/bin/sh\nprintf "%s\\n" "$1"\n', { mode: 0o755 });
  }, 60_000);
  afterAll(() => team.dispose());

  const path = () => ({ PATH: `${dirname(pstore)}:${walter.home}/bin:${environment()["PATH"]}` });

  /** Does what a line says, at a terminal where questions are answered; it must succeed. */
  const doLine = async (line: string, url: string, env: Environment) => {
    const terminal = openTerminal(["sh", "-c", line.replaceAll(store, url)], {
      cwd: walter.home,
      env: { ...env, ...path() },
    });
    const isAsked = () =>
      terminal.waitFor(/password[^\n]*: $|\[y\/N\] $/).then(
        (text) => text,
        () => null,
      );
    for (let asked = await isAsked(); asked !== null; asked = await isAsked()) {
      terminal.type(asked.endsWith("[y/N] ") ? "y\r" : "typed at a terminal\r");
    }
    const { code, output } = await terminal.exit;
    expect({ line, code, output }).toEqual({ line, code: 0, output });
    return output;
  };

  test("of pstore-server do what they say", async () => {
    const port = await freePort();
    const env = {
      HOME: walter.home,
      PSTORE_DATABASE: `sqlite:${walter.home}/store.db`,
      PSTORE_LISTEN: `127.0.0.1:${port}`,
    };
    for (const line of linesOf(serverExamples)) {
      if (line.includes("sqlite3")) continue;
      if (!line.includes(" serve ")) {
        await doLine(line, "", env);
        continue;
      }
      const server = start(line.replace(store, `http://127.0.0.1:${port}`).split(" "), {
        env: { ...env, ...path() },
      });
      const reader = server.stdout.getReader();
      expect(new TextDecoder().decode((await reader.read()).value)).toBe(
        `listening on http://127.0.0.1:${port}\n`,
      );
      server.kill();
      expect(await server.exited).toBe(0);
    }
    expect(await Bun.file(join(walter.home, "machines.csv")).text()).toContain("machine");
  }, 60_000);

  test("of pstore do what they say", async () => {
    const env = { ...walter.env, USER: "walter" };
    const output = new Map<string, string>();
    for (const line of linesOf(clientExamples)) {
      // That needs a machine to log in to: ssh.test.ts.
      if (!line.startsWith("pstore --ssh")) output.set(line, await doLine(line, team.server.url, env));
    }
    const of = (line: string) => output.get(line) ?? "";
    expect(of("pstore db1.example.com")).toContain("ssh-username = postgres");
    expect(await Bun.file(join(walter.home, "copy.key")).text()).toBe("a key");
    expect(of("pstore example")).toContain("+ web1.example.com          joe, walter");
    expect(of("pstore -s postgres")).toContain("db1.example.com");
    expect(of("pstore -s tls=")).toContain("tls.key");
    expect(output.get([...output.keys()].find((line) => line.includes("--run")) ?? "")).toContain(
      "password=typed",
    );
    expect(of("pstore --offboard joe")).toContain("db1.example.com");
    expect(of("pstore --history db1.example.com")).toContain("alex");
    expect(await doLine("pstore web1.example.com", team.server.url, env)).toContain("password = ");
    expect(await doLine("pstore example", team.server.url, env)).not.toContain("joe");
  }, 60_000);
});

const linesOf = (examples: readonly Example[]) => examples.flatMap(({ lines }) => lines);

/** A port of this host that nobody listens at. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
