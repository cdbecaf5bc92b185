// From an empty store to a user whose pstore works, and back: in a browser, without scripts, and by keyboard alone.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createHomeFolder } from "./support/account.ts";
import { type Browser, type ContextOptions, hasBrowser, startBrowser } from "./support/browser.ts";
import { createFolder } from "./support/folder.ts";
import { createHome, exportPublic, generateKey } from "./support/gnupg.ts";
import { createTeam, does, type Team, User } from "./support/team.ts";
import { type Hand, KeyboardHand, MouseHand } from "./support/web-hand.ts";

const password = "correct horse battery staple";
let folder: string;
let team: Team;
let browser: Browser;

beforeAll(async () => {
  if (!hasBrowser) return;
  folder = await createFolder();
  await writeFile(join(folder, "password"), `${password}\n`, { mode: 0o600 });
  team = await createTeam({
    users: [],
    server: { init: ["--password-file", join(folder, "password")] },
  });
  browser = await startBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await team?.dispose();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

/** Somebody whose key is in their own gpg, and whom the store does not know yet. */
async function stranger(name: string): Promise<User> {
  const gnupg = await createHome();
  const key = await generateKey(gnupg, { userId: `${name} <${name}@example.com>` });
  const user = new User(name, await createHomeFolder(), gnupg, [key]);
  await team.admit(user);
  return user;
}

async function signIn(hand: Hand): Promise<void> {
  await hand.page.goto(team.server.url);
  expect(new URL(hand.page.url()).pathname).toBe("/sign-in");
  await hand.fill("Name", "admin");
  await hand.fill("Password", password);
  await hand.press("Sign in");
  expect(await titleOf(hand)).toBe("Overview");
}

const titleOf = (hand: Hand) => hand.page.locator("h1").innerText();
const textOf = (hand: Hand) => hand.page.locator("main").innerText();

/** Adds a user with a key, sees their client work; disables them, and sees it stop; enables them again. */
async function story(hand: Hand, user: User): Promise<void> {
  const { name } = user;
  expect((await user.pstore(["-c", `web-${name}`], { stdin: "secret\n" })).code).toBe(1);

  await hand.follow("Users");
  await hand.follow("Add a user");
  await hand.fill("Name", name);
  await hand.fill("Full name", "Somebody New");
  await hand.press("Add the user");
  expect([await titleOf(hand), await textOf(hand)]).toEqual([name, expect.stringContaining("has no key")]);

  await hand.follow("Add a key");
  await hand.fill("Public key", await exportPublic(user.gnupg, user.fingerprint));
  await hand.fill("Description", "laptop");
  await hand.press("Preview");
  const groups = user.fingerprint.match(/.{4}/g)?.join(" ") ?? "";
  const preview = (await textOf(hand)).replaceAll(/\s+/g, " ");
  expect(preview).toContain(groups);
  expect(preview).toContain(`${name} <${name}@example.com>`);
  expect((await user.pstore(["-c", `web-${name}`], { stdin: "secret\n" })).code).toBe(1);
  await hand.press("Save the key");
  expect(await titleOf(hand)).toBe(name);

  await does(user, ["-c", `web-${name}`], "secret\n");
  expect(await does(user, [`web-${name}`, "-pg", "password"])).toBe("secret");

  await hand.page.reload();
  await hand.follow("Disable");
  expect(await textOf(hand)).toContain(`pstore --offboard ${name}`);
  await hand.press(`Disable ${name}`);
  expect(await textOf(hand)).toContain("disabled");
  const refused = await user.pstore([`web-${name}`, "-pg", "password"]);
  expect([refused.code, refused.text]).toEqual([1, ""]);

  await hand.press("Enable");
  expect(await does(user, [`web-${name}`, "-pg", "password"])).toBe("secret");
  await hand.press("Sign out");
  expect(await titleOf(hand)).toBe("Sign in");
}

const ways: readonly (readonly [string, ContextOptions, typeof MouseHand | typeof KeyboardHand, string])[] = [
  ["in a browser", {}, MouseHand, "joe"],
  ["on a phone, with scripts off", { javaScript: false, width: 390 }, MouseHand, "ann"],
  ["with the keyboard alone", {}, KeyboardHand, "kim"],
];

describe.skipIf(!hasBrowser)("with a password, an admin adds a user, and disables them", () => {
  test.each(ways)("%s", async (_way, options, WithHand, name) => {
    const context = await browser.context(options);
    const hand = new WithHand(await context.newPage());
    await signIn(hand);
    await story(hand, await stranger(name));
    await context.close();
  });
});

test.skipIf(!hasBrowser)("an admin without a password does the same by pstore --web", async () => {
  const walter = await stranger("walter");
  await team.server.addUser("walter", walter.gnupg, { flags: ["--staff", "--superuser"] });
  const link = (await does(walter, ["--web"])).trim();
  const context = await browser.context();
  const hand = new KeyboardHand(await context.newPage());
  await hand.page.goto(link);
  await hand.press("Sign in");
  expect(await titleOf(hand)).toBe("Overview");
  await story(hand, await stranger("rita"));
  await context.close();
});
