// Debian's Chromium, driven as a person would: what a page shows, and pictures of it.
import { existsSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type BrowserContext, type Browser as Chromium, chromium, type Page } from "playwright-core";

const executable = "/usr/bin/chromium";

/** Whether there is a browser to test with; `npm test` installs it where it may. */
export const hasBrowser = existsSync(executable);

/** Pictures of pages lie here, for whoever wants to look at them. */
export const pictures = join(import.meta.dir, "../../dist/screenshots");

export interface ContextOptions {
  readonly scheme?: "light" | "dark";
  /** In CSS pixels. */
  readonly width?: number;
  readonly javaScript?: boolean;
}

/** A violation of an accessibility rule, as axe names it, with the places. */
export interface Violation {
  readonly rule: string;
  readonly impact: string;
  readonly places: readonly string[];
}

export class Browser implements AsyncDisposable {
  readonly #chromium: Chromium;

  constructor(chromium: Chromium) {
    this.#chromium = chromium;
  }

  /** A window with cookies of its own. */
  async context({
    scheme = "light",
    width = 1400,
    javaScript = true,
  }: ContextOptions = {}): Promise<BrowserContext> {
    return await this.#chromium.newContext({
      viewport: { width, height: 900 },
      colorScheme: scheme,
      javaScriptEnabled: javaScript,
      locale: "en-GB",
      timezoneId: "Europe/Berlin",
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#chromium.close();
  }
}

/** Starts a browser; its profile is a temporary folder that goes with it. */
export async function startBrowser(): Promise<Browser> {
  // Chromium's sandbox needs another user than root, or rights that containers do not give.
  return new Browser(await chromium.launch({ executablePath: executable, args: ["--no-sandbox"] }));
}

/** Keeps a picture of the whole page; as JPEG, which costs half the time of a PNG. */
export async function takePicture(page: Page, name: string): Promise<void> {
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.jpg`), type: "jpeg", quality: 90, fullPage: true });
}

const axe = await Bun.file(createRequire(import.meta.url).resolve("axe-core/axe.min.js")).text();

/** What axe finds wrong with a page (WCAG 2.2 A and AA, and its best practices), of whatever impact. */
export async function violations(page: Page): Promise<readonly Violation[]> {
  // Not as an element of the page: its Content-Security-Policy lets nothing inline run. It stays until the page is left.
  if (!(await page.evaluate("'axe' in globalThis"))) await page.evaluate(axe);
  return await page.evaluate(async () => {
    // biome-ignore lint/suspicious/noExplicitAny: axe is there once its text has run
    const { violations: found } = await (globalThis as any).axe.run();
    // biome-ignore lint/suspicious/noExplicitAny: as axe gives it
    return found.map(({ id, impact, nodes }: any) => ({
      rule: id,
      impact,
      // biome-ignore lint/suspicious/noExplicitAny: as axe gives it
      places: nodes.map((node: any) => `${node.target.join(" ")}: ${node.failureSummary}`),
    }));
  });
}

/** How far a page is wider than its window, in CSS pixels: 0 where nothing sticks out. */
export async function overflow(page: Page): Promise<number> {
  return await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
}
