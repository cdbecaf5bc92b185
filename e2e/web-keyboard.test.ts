// The web admin without a mouse: on every page, Tab goes from one thing to the next, and one sees where it is.
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { type Browser, hasBrowser, startBrowser } from "./support/browser.ts";
import { KeyboardHand, leading } from "./support/web-hand.ts";
import { cookiesOf, type FilledStore, fillStore } from "./support/web-store.ts";
import { visitsTo } from "./support/web-visits.ts";

let store: FilledStore;
let browser: Browser;

beforeAll(async () => {
  if (!hasBrowser) return;
  store = await fillStore();
  browser = await startBrowser();
}, 120_000);
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await store?.[Symbol.asyncDispose]();
});

async function signedIn(): Promise<KeyboardHand> {
  const context = await browser.context();
  await context.addCookies(cookiesOf(store));
  return new KeyboardHand(await context.newPage());
}

/** Where the focus is among all things that can have it, in the order of the page (-1: at none), and how many they are. */
const focusOf = (page: Page) =>
  page.evaluate<{ place: number; all: number }>(`(() => {
    const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
      .filter((one) => one.checkVisibility());
    return { place: all.indexOf(document.activeElement), all: all.length };
  })()`);

/** More than these are rows of the same kind. */
const mostTabs = 40;

test.skipIf(!hasBrowser)(
  "on every page Tab goes on in the order of the page, and what has the focus shows it",
  async () => {
    const hand = await signedIn();
    const { page } = hand;
    const wrong: string[] = [];
    for (const visit of Object.values(visitsTo(store)).flat()) {
      // Where something has the focus from the beginning, Tab does not begin at the top.
      if (visit.asNobody || visit.act !== undefined) continue;
      await page.goto(`${store.team.server.url}${visit.url}`);
      const order: number[] = [];
      let count = 0;
      for (let tabs = 0; tabs < mostTabs; tabs++) {
        await hand.step();
        const { place, all } = await focusOf(page);
        count = all;
        // Behind the last one, the browser itself comes, or the first one again.
        if (place === -1 || (place === 0 && tabs > 0)) break;
        // A field of a date has several parts.
        if (place !== order.at(-1)) order.push(place);
      }
      const isWhole = order.length === count || order.length > mostTabs / 2;
      if (!isWhole || order.some((place, at) => place !== at))
        wrong.push(`${visit.name}: of ${count}, Tab goes to ${order.join(" ")}`);
    }
    expect(wrong).toEqual([]);
  },
  120_000,
);

test.skipIf(!hasBrowser)("the first Tab shows the way past the sections to the content", async () => {
  const hand = await signedIn();
  const { page } = hand;
  await page.goto(`${store.team.server.url}/users`);
  const skip = page.getByRole("link", { name: "Skip to the content" });
  expect((await skip.boundingBox())?.y).toBeLessThan(0);
  await hand.step();
  expect((await skip.boundingBox())?.y).toBeGreaterThanOrEqual(0);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/users#content");
  await hand.step();
  expect(await page.locator(":focus").innerText()).toBe("Add a user");
});

test.skipIf(!hasBrowser)("Enter in a field sends its form, and a table of figures opens", async () => {
  const hand = await signedIn();
  const { page } = hand;
  await page.goto(`${store.team.server.url}/users`);
  await hand.fill("Name, full name or e-mail", "leaver");
  await leading(page, () => page.keyboard.press("Enter"));
  expect(await page.locator("tbody td:first-child").allInnerTexts()).toEqual(["leaver"]);
  await hand.follow("Overview");
  await hand.reach(page.locator("summary"));
  await page.keyboard.press("Space");
  expect(await page.locator("tbody tr").first().isVisible()).toBe(true);
});
