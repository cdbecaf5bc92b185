// `pstore --web`: from a user's key to a browser that is signed in to the web admin.

import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Account } from "./support/account.ts";
import { hasBrowser, startBrowser, violations } from "./support/browser.ts";
import { exportPublic } from "./support/gnupg.ts";
import { addKeyFileUser } from "./support/key-file-user.ts";
import { addSshUser } from "./support/ssh-user.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";

const staff = { flags: ["--staff", "--superuser"] };
let team: Team;
let walter: User;

beforeAll(async () => {
  team = await createTeam({ users: [{ name: "walter", ...staff }, "joe"] });
  walter = team.user("walter");
});
afterAll(() => team.dispose());

/** The link that is printed where stdout is no terminal. */
async function linkOf(user: Account): Promise<string> {
  const { code, text, stderr } = await user.pstore(["--web"]);
  expect([code, stderr]).toEqual([
    0,
    expect.stringContaining("NOTICE: the link signs you in once, within 120 seconds, whoever opens it"),
  ]);
  expect(text).toMatch(new RegExp(`^${team.server.url}/sign-in/link/[A-Za-z0-9_-]{43}\n$`));
  return text.trim();
}

/** Follows a link as a browser does: looks at the page, and sends its form. @returns who is signed in then */
async function follow(link: string): Promise<string | null> {
  const page = await (await fetch(link)).text();
  const action = /<form method="post" action="([^"]+)"/.exec(page)?.[1] ?? "";
  expect(action).toBe(new URL(link).pathname);
  const answer = await fetch(new URL(action, link), {
    method: "POST",
    headers: { origin: new URL(link).origin, "content-type": "application/x-www-form-urlencoded" },
    body: "csrf=",
    redirect: "manual",
  });
  const cookie = answer.headers.get("set-cookie")?.split(";")[0];
  if (cookie === undefined) {
    expect([answer.status, await answer.text()]).toEqual([
      401,
      expect.stringContaining("run pstore --web again"),
    ]);
    return null;
  }
  expect([answer.status, answer.headers.get("location")]).toEqual([303, "/"]);
  const home = await (await fetch(team.server.url, { headers: { cookie } })).text();
  return /href="\/account"[^>]*>\s*([^<\s]+)\s*</.exec(home)?.[1] ?? null;
}

test("a user with a key in gpg is signed in, once", async () => {
  const link = await linkOf(walter);
  expect(await follow(link)).toBe("walter");
  expect(await follow(link)).toBeNull();
});

test("so are users with an SSH key and with a key file", async () => {
  const alex = await addSshUser(team, "alex", { type: "ed25519", ...staff });
  expect(await follow(await linkOf(alex))).toBe("alex");
  const rita = await addSshUser(team, "rita", { type: "rsa", hasGpg: false, ...staff });
  expect(await follow(await linkOf(rita))).toBe("rita");
  const kim = await addKeyFileUser(team, "kim", staff);
  expect(await follow(await linkOf(kim))).toBe("kim");
});

test("a session at hand does not spare the signature, and -o keeps the link in a file", async () => {
  await walter.pstore([]);
  const count = () => {
    using db = new Database(team.server.database, { readonly: true });
    return db.query<{ n: number }, []>("SELECT count(*) AS n FROM used_challenges").get()?.n ?? 0;
  };
  const before = count();
  const { code, text } = await walter.pstore(["--web", "-o", "link"]);
  expect([code, text, count()]).toEqual([0, "", before + 1]);
  expect(await follow((await readFile(join(walter.home, "link"), "utf8")).trim())).toBe("walter");
});

test("who is not of the staff, and who has a write-only key, is told so", async () => {
  const { code, text, stderr } = await team.user("joe").pstore(["--web"]);
  expect([code, text]).toEqual([1, ""]);
  expect(stderr).toContain("error: joe is not of the staff, and the web admin is for the staff alone");
  const host = await addSshUser(team, "host", { type: "ed25519", writeOnly: true, ...staff });
  const byHost = await host.pstore(["--web"]);
  expect([byHost.code, byHost.text]).toEqual([1, ""]);
  expect(byHost.stderr).toContain("this key is write-only");
});

test("of several keys, one that reads is taken, though a write-only one has signed in last", async () => {
  const both = await team.add({ name: "both", makeKeys: [{}, { usage: "sign" }], ...staff, keys: [] });
  const [reading = "", signing = ""] = both.keys.map(({ fingerprint }) => fingerprint);
  const addReading = async () => team.server.addKey("both", await exportPublic(both.gnupg, reading));
  await addReading();
  await team.server.addKey("both", await exportPublic(both.gnupg, signing), ["--write-only"]);
  await does(both, []);
  expect((await team.server.command(["key", "remove", reading])).code).toBe(0);
  await both.forgetSession();
  await does(both, []);
  await addReading();
  expect(await follow(await linkOf(both))).toBe("both");
});

test("--web stands alone", async () => {
  for (const words of [
    ["--web", "db3"],
    ["--web", "+joe"],
    ["--web", "--keys"],
  ]) {
    const { code } = await walter.pstore(words);
    expect([words, code]).toEqual([words, 2]);
  }
});

/** A program that tells, where everybody sees it, what it was given; it stands for a browser. */
async function recorder(
  user: Account,
): Promise<{ env: Record<string, string>; given: () => Promise<string> }> {
  const bin = join(user.home, "bin");
  await mkdir(bin, { recursive: true });
  const [program, given] = [join(bin, "recorder"), join(user.home, "given")];
  await writeFile(program, `#!/bin/sh\ntr '\\0' '\\n' </proc/$$/cmdline >"${given}"\nenv >>"${given}"\n`);
  await chmod(program, 0o755);
  return { env: { BROWSER: program, DISPLAY: ":9" }, given: () => readFile(given, "utf8") };
}

test("at a terminal with a display the browser opens, and no process shows the link", async () => {
  const { env, given } = await recorder(walter);
  const { code, output } = await walter.terminal(["--web"], { env }).exit;
  expect([code, output]).toEqual([0, expect.stringContaining("NOTICE: opened the web admin with ")]);
  expect(output).not.toContain("/sign-in/link/");
  const seen = await given();
  expect(seen).not.toContain("/sign-in/link/");
  const file =
    new RegExp(`^file://(${walter.home}/run/pstore-web-[0-9a-f]+\\.html)$`, "m").exec(seen)?.[1] ?? "";
  expect(((await Bun.file(file).stat()).mode & 0o777).toString(8)).toBe("600");
  const link = /content="0;url=([^"]+)"/.exec(await readFile(file, "utf8"))?.[1] ?? "";
  expect(await follow(link)).toBe("walter");
});

test("at a terminal without a display the link is printed", async () => {
  const { code, output } = await walter.terminal(["--web"], { columns: 200 }).exit;
  expect(code).toBe(0);
  const link = /^(http\S+\/sign-in\/link\/\S+)\r$/m.exec(output)?.[1] ?? "";
  expect(await follow(link)).toBe("walter");
});

test.skipIf(!hasBrowser)(
  "in a real browser the file leads on to the page, and its button signs in",
  async () => {
    const { env, given } = await recorder(walter);
    await using browser = await startBrowser();
    for (const javaScript of [true, false]) {
      const context = await browser.context({ javaScript });
      const page = await context.newPage();
      // The second time somebody is signed in already, and the page, coming from a file, is not told.
      for (const _ of [1, 2]) {
        await walter.terminal(["--web"], { env }).exit;
        await page.goto(/^file:\S+$/m.exec(await given())?.[0] ?? "");
        await page.waitForURL(`${team.server.url}/sign-in/link/*`);
        const link = page.url();
        if (javaScript) expect(await violations(page)).toEqual([]);
        await page.getByRole("button", { name: "Sign in" }).click();
        await page.waitForURL(`${team.server.url}/`);
        expect(await page.getByRole("link", { name: "walter" }).count()).toBe(1);
        await page.goto(link);
        await page.getByRole("button", { name: "Sign in" }).click();
        expect(await page.getByText("This link was used already").count()).toBe(1);
        if (javaScript) expect(await violations(page)).toEqual([]);
      }
      await context.close();
    }
  },
);
