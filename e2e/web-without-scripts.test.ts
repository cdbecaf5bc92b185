// Every form of the web admin in a browser that runs no script: what scripts do is only nicer.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { BrowserContext } from "playwright-core";
import { type Browser, hasBrowser, startBrowser } from "./support/browser.ts";
import { MouseHand } from "./support/web-hand.ts";
import { type FilledStore, fillStore, password, script } from "./support/web-store.ts";

let store: FilledStore;
let browser: Browser;
let context: BrowserContext;
let hand: MouseHand;

beforeAll(async () => {
  if (!hasBrowser) return;
  store = await fillStore();
  browser = await startBrowser();
  context = await browser.context({ javaScript: false });
  hand = new MouseHand(await context.newPage());
}, 120_000);
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await store?.[Symbol.asyncDispose]();
});

const open = (path: string) => hand.page.goto(`${store.team.server.url}${path}`);
const text = () => hand.page.locator("main").innerText();
const title = () => hand.page.locator("h1").innerText();
/** What stands in the first column of the page's table. */
const first = () => hand.page.locator("tbody td:first-child").allInnerTexts();

async function signIn(code = ""): Promise<void> {
  await open("/sign-in");
  await hand.fill("Name", "admin");
  await hand.fill("Password", password);
  await hand.fill("Code", code);
  await hand.press("Sign in");
}

describe.skipIf(!hasBrowser)("without scripts", () => {
  beforeEach(async () => {
    await open("/");
    if ((await title()) === "Sign in") await signIn();
    expect(await title()).toBe("Overview");
  });

  test("users are searched, filtered, edited and deleted", async () => {
    await hand.follow("Users");
    await hand.fill("Name, full name or e-mail", "Leaver");
    await hand.choose("State", "disabled");
    await hand.press("Search");
    expect(await first()).toEqual(["leaver"]);
    await hand.follow("leaver");
    await hand.follow("Edit");
    await hand.fill("Full name", script);
    await hand.tick("View-any");
    await hand.press("Save");
    expect(await text()).toContain(script);
    await hand.follow("Delete");
    await hand.fill("Type the user's name, leaver, to delete them for good", "leaver");
    await hand.press("Delete leaver");
    expect(await text()).toContain("deleted");
    await hand.follow("Users");
    await hand.tick("Staff only");
    await hand.tick("Without a key");
    await hand.press("Search");
    expect(await first()).toEqual(["admin"]);
  });

  test("a key is given as a file, found, described and removed", async () => {
    await open("/users/joe/keys/add");
    const file = { name: "joe.asc", mimeType: "text/plain", buffer: Buffer.from(store.newKey) };
    await hand.page.getByLabel("Or its file").setInputFiles(file);
    await hand.tick("Write-only");
    await hand.press("Preview");
    expect(await text()).toContain("Joe's telephone <joe@example.com>");
    await hand.press("Save the key");
    await hand.follow("Public keys");
    await hand.fill("Part of a fingerprint, user, user id or description", "telephone");
    await hand.press("Search");
    expect(await first()).toEqual(["joe"]);
    expect(await text()).toContain("write-only");
    await hand.page.locator("tbody a[href^='/key?']").click();
    await hand.follow("Edit the description");
    await hand.fill("Description", "in the drawer");
    await hand.press("Save");
    expect(await text()).toContain("in the drawer");
    await hand.follow("Remove");
    await hand.press("Remove the key");
    expect(await title()).toBe("joe");
  });

  test("objects are searched, filtered and paged through, and withheld for a while", async () => {
    await hand.follow("Objects");
    const page1 = await first();
    await hand.follow("Next page");
    const page2 = await first();
    expect([page1.length, new Set([...page1, ...page2]).size]).toEqual([50, page1.length + page2.length]);
    await hand.follow("First page");
    expect(await first()).toEqual(page1);
    await hand.fill("User", "walter");
    await hand.choose("The user", "is the only one with access");
    await hand.press("Search");
    expect(await first()).toEqual(["only walter's"]);
    await hand.follow("only walter's");
    await hand.follow("Withhold");
    await hand.press("Withhold it");
    expect(await text()).toContain("An admin withholds this object");
    await hand.follow("Objects");
    await hand.fill("Name contains", "ONLY");
    await hand.choose("State", "withheld");
    await hand.press("Search");
    await hand.follow("only walter's");
    await hand.follow("Show again");
    await hand.press("Show it again");
    expect(await text()).not.toContain("An admin withholds this object");
  });

  test("the log is filtered, paged through and downloaded", async () => {
    await hand.follow("Log");
    await hand.follow("Next page");
    await hand.follow("First page");
    await hand.fill("User", "joe");
    await hand.choose("What", "read");
    await hand.choose("Outcome", "done");
    await hand.press("Search");
    const rows = await hand.page.locator("tbody tr").count();
    expect(rows).toBeGreaterThan(0);
    const coming = hand.page.waitForEvent("download");
    await hand.page.getByRole("link", { name: "Download these rows" }).click();
    const download = await coming;
    expect(download.suggestedFilename()).toMatch(/^pstore-log-\d{4}-\d\d-\d\d\.csv$/);
    const lines = (await readFile(await download.path(), "utf8")).trimEnd().split("\r\n");
    expect([lines.length, lines.slice(1).every((line) => line.includes("joe"))]).toEqual([rows + 1, true]);
  });

  test("the store is checked", async () => {
    await hand.follow("Health");
    await hand.press("Check now");
    expect(await text()).toContain("6 faults found");
  });

  test("a second factor is set up, asked for, and taken away", async () => {
    await open("/account");
    await hand.follow("Set up a second factor");
    const secret = /((?:[A-Z2-7]{4} ?){8})/.exec(await text())?.[1]?.replaceAll(" ", "") ?? "";
    await hand.fill("Code", "000000");
    await hand.fill("Current password", password);
    await hand.press("Switch it on");
    expect(await hand.page.getByRole("alert").count()).toBe(1);
    const step = Math.floor(Date.now() / 30_000);
    await hand.fill("Code", codeOf(secret, step));
    await hand.fill("Current password", password);
    await hand.press("Switch it on");
    expect(await text()).toContain("On: with the password, a code from your app is asked for.");

    await hand.press("Sign out");
    await signIn();
    expect(await title()).toBe("Sign in");
    await signIn(codeOf(secret, step + 1));
    expect(await title()).toBe("Overview");
    await open("/account");
    await hand.follow("Remove the second factor");
    // Each code is good once, so this is refused, and the page says so.
    await hand.fill("Code", codeOf(secret, step + 1));
    await hand.press("Remove the second factor");
    expect(await hand.page.getByRole("alert").count()).toBe(1);
    const removed = await store.team.server.command(["user", "password", "admin", "--remove-totp"]);
    expect(removed.code).toBe(0);
  });

  test("the password is changed, and every browser is signed out", async () => {
    await open("/account");
    await hand.follow("Change the password");
    await hand.fill("Current password", password);
    await hand.fill("New password", `${password} again`);
    await hand.fill("New password again", `${password} again`);
    await hand.press("Change the password");
    expect(await title()).toBe("Your account");
    await hand.press("Sign out everywhere");
    expect(await title()).toBe("Sign in");
    await open("/account");
    expect(await title()).toBe("Sign in");
  });
});

/** The code of a step of 30 seconds, as apps make it (RFC 6238 with RFC 4226, section 5.3). */
function codeOf(base32: string, step: number): string {
  const bits = [...base32].map((letter) =>
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"),
  );
  const bytes = bits.join("").match(/.{8}/g) ?? [];
  const key = Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", key).update(counter).digest();
  const offset = mac.readUInt8(19) & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}
