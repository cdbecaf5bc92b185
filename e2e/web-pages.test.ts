// Every page of the web admin, on a phone and on a wide screen, in its light and its dark colours.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Browser, hasBrowser, startBrowser } from "./support/browser.ts";
import { type FilledStore, fillStore } from "./support/web-store.ts";
import { faultsOf, shownPages, visitsTo } from "./support/web-visits.ts";

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

test.skipIf(!hasBrowser)("every page is visited", () => {
  const visited = Object.keys(visitsTo(store));
  const missing = shownPages.map(({ path }) => path).filter((path) => !visited.includes(path));
  expect(missing).toEqual([]);
});

test.skipIf(!hasBrowser)(
  "each fits at 390 and 1400 pixels, runs nothing foreign, and axe finds nothing in light or dark",
  async () => {
    const visits = Object.values(visitsTo(store)).flat();
    expect(await faultsOf(store, browser, visits)).toEqual([]);
  },
  240_000,
);
