// Many values at once with a key that has a passphrase: how far it has come is shown, and Ctrl-C ends all of it.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { makeMachines } from "./support/crowd.ts";
import { answerPassphrase } from "./support/gnupg.ts";
import { createTeam, type Team, type User } from "./support/team.ts";

const passphrase = "correct horse battery staple";
const count = 60;
let team: Team;
let walter: User;
let temporary: string;

beforeAll(async () => {
  // The agent derives the key from the passphrase at every operation, as it does for users: some 100 ms.
  team = await createTeam({
    users: [{ name: "walter", calibratedPassphrases: true, makeKeys: [{ passphrase }] }, "joe"],
  });
  walter = team.user("walter");
  await answerPassphrase(walter.gnupg, passphrase);
  const names = Array.from({ length: count }, (_, index) => `web${index}`);
  await makeMachines(team, { names, members: [walter], password: (name) => `of ${name}` });
  temporary = join(walter.home, "tmp");
  await mkdir(temporary);
});
afterAll(() => team.dispose());

/** The processes named gpg in a user's home. */
async function gpgOf(user: User): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
    if ((await read("comm")) === "gpg\n" && (await read("environ")).includes(user.gnupg.path))
      found.push(pid);
  }
  return found;
}

test("how far it has come is shown; Ctrl-C takes that away, and leaves no gpg, no file and no change", async () => {
  const terminal = walter.terminal(["--each", "web*", "+joe", "--yes"], { env: { TMPDIR: temporary } });
  await terminal.waitFor(/decrypting: \[[#.]{30}\] \d+\/60, \d+ (?:s|min) left/);
  expect(await gpgOf(walter)).not.toEqual([]);
  expect(await readdir(temporary)).toHaveLength(1);
  terminal.type("\x03");
  const { code, output } = await terminal.exit;
  expect(code).toBe(130);
  expect(output).toEndWith("\r\u001b[K");
  expect(await readdir(temporary)).toEqual([]);
  const end = Date.now() + 5000;
  while ((await gpgOf(walter)).length > 0 && Date.now() < end) await Bun.sleep(10);
  expect(await gpgOf(walter)).toEqual([]);
  using database = new Database(team.server.database, { readonly: true });
  const [{ commits } = { commits: 0 }] = database
    .query<{ commits: number }, []>("SELECT count(*) AS commits FROM commits")
    .all();
  expect(commits).toBe(1);
});
