// What completion asks for: names, silently, whatever is in the way.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { chmod, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { shells } from "../packages/client/src/cli/options/option.ts";
import { answerPassphrase, forgetPassphrases, presetPassphrase, timesAsked } from "./support/gnupg.ts";
import { CompletingShell } from "./support/shell.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";

const passphrase = "correct horse";

let team: Team;
let walter: User;
/** A user whose key has a passphrase. */
let locked: User;

beforeAll(async () => {
  const key = { makeKeys: [{ passphrase }] };
  team = await createTeam({ users: ["walter", "joe", { name: "locked", ...key }] });
  [walter, locked] = team.users("walter", "locked");
  await does(walter, ["-c", "web", "+joe", "+locked"], "x");
  await does(walter, ["-c", "DB one"], "x");
  await does(walter, ["web", "-ps", "ip address"], "x");
  await answerPassphrase(locked.gnupg, passphrase);
  await does(locked, []);
  await answerPassphrase(locked.gnupg, null);
}, 60_000);
afterAll(() => team.dispose());

/** Prints names and nothing else, with exit code 0. */
const looked = async (user: User, ...args: readonly string[]) => {
  const { code, text, stderr } = await user.pstore(args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: "" });
  return text;
};

const folder = (user: User) => join(user.home, "run/pstore/names");

/** Lets everything that is kept be as if it had been asked for earlier. */
const age = async (user: User, milliseconds: number) => {
  for (const file of await readdir(folder(user))) {
    const rows = JSON.parse(await readFile(join(folder(user), file), "utf8")) as [string, number, string[]][];
    const older = rows.map(([question, asked, names]) => [question, asked - milliseconds, names]);
    await writeFile(join(folder(user), file), JSON.stringify(older));
  }
};

/** All that a client believes: a lookup must not change it. */
const believed = (user: User) => {
  using db = new Database(join(user.home, ".local/state/pstore/state.db"), { readonly: true });
  return ["url", "pin", "object", "pending"].map((table) => db.query(`SELECT * FROM ${table}`).all());
};

beforeEach(async () => {
  await walter.forgetSession();
  await does(walter, []);
});

test("names are printed one a line: machines and users by a text in them, a machine's properties and members", async () => {
  expect(await looked(walter, "--lookup-machine")).toBe("DB one\nweb\n");
  expect(await looked(walter, "--lookup-machine", "db")).toBe("DB one\n");
  expect(await looked(walter, "--lookup-machine", "nothing")).toBe("");
  expect(await looked(walter, "--lookup-property", "web")).toBe("ip address\npassword\n");
  expect(await looked(walter, "--lookup-member", "web")).toBe("joe\nlocked\nwalter\n");
  expect(await looked(walter, "--lookup-user")).toBe("admin\njoe\nlocked\nwalter\n");
  expect(await looked(walter, "--lookup-user", "OC")).toBe("locked\n");
  expect(await looked(walter, "--lookup-property", "no such machine")).toBe("");
});

test("what would be read as an option or a user is not offered", async () => {
  await does(walter, ["-c", "odd"], "x");
  for (const name of ["-v", "+joe", "plain"]) await does(walter, ["-ps", "odd", "--", name], "x");
  try {
    expect(await looked(walter, "--lookup-property", "odd")).toBe("password\nplain\n");
  } finally {
    await does(walter, ["-D", "odd", "--yes"]);
  }
});

test("a lookup without its machine is wrong usage like any other", async () => {
  for (const args of [["--lookup-property"], ["--lookup-member"], ["--lookup-machine", "a", "b"]]) {
    expect(await walter.pstore(args)).toMatchObject({ code: 2, text: "" });
  }
});

test("nothing is said of a .pstorerc that others may read", async () => {
  await chmod(join(walter.home, ".pstorerc"), 0o644);
  expect((await walter.pstore([])).stderr).toContain("WARNING: ~/.pstorerc can be read by others");
  expect(await looked(walter, "--lookup-machine")).toBe("DB one\nweb\n");
  await chmod(join(walter.home, ".pstorerc"), 0o600);
});

test("answers are kept for a minute, in a file for oneself alone", async () => {
  expect(await looked(walter, "--lookup-machine")).toBe("DB one\nweb\n");
  await does(walter, ["-c", "third"], "x");
  try {
    expect(await looked(walter, "--lookup-machine")).toBe("DB one\nweb\n");
    await age(walter, 59_000);
    expect(await looked(walter, "--lookup-machine")).toBe("DB one\nweb\n");
    await age(walter, 2000);
    expect(await looked(walter, "--lookup-machine")).toBe("DB one\nthird\nweb\n");
  } finally {
    await does(walter, ["-D", "third", "--yes"]);
  }
  const [file = ""] = await readdir(folder(walter));
  expect((await stat(join(folder(walter), file))).mode & 0o777).toBe(0o600);
  expect((await stat(folder(walter))).mode & 0o777).toBe(0o700);
});

test("many shells at once are not in each other's way", async () => {
  const all = Array.from({ length: 12 }, () => looked(walter, "--lookup-machine"));
  const more = Array.from({ length: 12 }, () => looked(walter, "--lookup-property", "web"));
  expect(new Set(await Promise.all(all))).toEqual(new Set(["DB one\nweb\n"]));
  expect(new Set(await Promise.all(more))).toEqual(new Set(["ip address\npassword\n"]));
});

/** What the server said, but for the seals that it prints by itself. */
function said(): string {
  return team.server.output.replace(/^.*the audit log is sealed up to .*\n/gm, "");
}

describe("nothing is believed because of a lookup", () => {
  test("by a client that knows neither store nor itself: nothing is asked, printed or pinned", async () => {
    const joe = team.user("joe");
    await joe.forgetState();
    const before = said();
    expect(await looked(joe, "--lookup-machine")).toBe("");
    expect(await looked(joe, "--lookup-user")).toBe("");
    expect(believed(joe)).toEqual([[], [], [], []]);
    expect(said()).toBe(before);
    const { code, text, stderr } = await joe.pstore(["--lookup-machine", "-v"]);
    expect({ code, text }).toEqual({ code: 0, text: "" });
    expect(stderr).toBe(`no fresh names: ${team.server.url} is not known to be one store yet\n`);
  });

  test("by a client that has not read the machine yet", async () => {
    const joe = team.user("joe");
    await joe.forgetState();
    await does(joe, []);
    const before = believed(joe);
    expect(await looked(joe, "--lookup-property", "web")).toBe("ip address\npassword\n");
    expect(await looked(joe, "--lookup-member", "web")).toBe("joe\nlocked\nwalter\n");
    expect(believed(joe)).toEqual(before);
  });

  test("of a second URL, which is not asked either", async () => {
    const before = believed(walter);
    const port = new URL(team.server.url).port;
    const urls = ["--store-url=http://127.0.0.1:9", `--store-url=http://localhost:${port}`];
    expect(await looked(walter, ...urls, `--store-url=${team.server.url}`, "--lookup-machine")).toBe(
      "DB one\nweb\n",
    );
    expect(believed(walter)).toEqual(before);
  });
});

describe("a passphrase is never asked for", () => {
  beforeEach(async () => {
    await locked.forgetSession();
    await forgetPassphrases(locked.gnupg);
    // Whoever asked would be answered, and counted.
    await answerPassphrase(locked.gnupg, passphrase);
  });

  test("where the agent holds none, there is what is kept, however old, else nothing", async () => {
    const before = await timesAsked(locked.gnupg);
    expect(await looked(locked, "--lookup-machine")).toBe("");
    expect((await locked.pstore(["--lookup-machine", "-v"])).stderr).toMatch(
      /^no fresh names: gpg did not sign .+\n$/,
    );
    expect(await timesAsked(locked.gnupg)).toBe(before);
    await does(locked, []);
    expect(await looked(locked, "--lookup-machine")).toBe("web\n");
    const asked = await timesAsked(locked.gnupg);
    await forgetPassphrases(locked.gnupg);
    await age(locked, 24 * 3_600_000);
    // The session ends, the names stay.
    for (const file of await readdir(join(locked.home, "run/pstore"))) {
      if (file !== "names") await writeFile(join(locked.home, "run/pstore", file), "");
    }
    expect(await looked(locked, "--lookup-machine")).toBe("web\n");
    expect(await timesAsked(locked.gnupg)).toBe(asked);
  });

  test("where the agent holds it, a lookup signs in, and the next command has a session", async () => {
    const before = await timesAsked(locked.gnupg);
    await presetPassphrase(locked.gnupg, locked.fingerprint, passphrase);
    expect(await looked(locked, "--lookup-machine")).toBe("web\n");
    await forgetPassphrases(locked.gnupg);
    await does(locked, []);
    expect(await timesAsked(locked.gnupg)).toBe(before);
  });

  test.each(shells.filter((shell) => Bun.which(shell) !== null))(
    "the Tab key in %s starts no pinentry",
    async (name) => {
      const before = await timesAsked(locked.gnupg);
      const shell = await CompletingShell.open(name, locked);
      expect(await shell.completed("pstore we")).toBe("[pstore][we]");
      expect(await shell.completed("pstore web +jo")).toBe("[pstore][web][+jo]");
      expect(await timesAsked(locked.gnupg)).toBe(before);
      shell.terminal.kill();
    },
  );
});

describe("a store that does not answer", () => {
  test("holds nobody up for much longer than 2 seconds, and there is what is kept", async () => {
    expect(await looked(walter, "--lookup-machine")).toBe("DB one\nweb\n");
    await age(walter, 61_000);
    process.kill(team.server.pid, "SIGSTOP");
    try {
      const start = performance.now();
      const { code, text, stderr } = await walter.pstore(["--lookup-machine", "w", "-v"]);
      expect(performance.now() - start).toBeLessThan(6000);
      expect({ code, text }).toEqual({ code: 0, text: "web\n" });
      expect(stderr).toBe("no fresh names: the store gave no names within 2 seconds\n");
    } finally {
      process.kill(team.server.pid, "SIGCONT");
    }
  });

  test("is not waited for when it refuses connections", async () => {
    expect(await looked(walter, "--lookup-machine")).toBe("DB one\nweb\n");
    await age(walter, 61_000);
    await team.server.stop();
    try {
      expect(await looked(walter, "--lookup-machine")).toBe("DB one\nweb\n");
    } finally {
      await team.server.start();
    }
  });
});
