// How somebody uses a page: with the mouse, or with the keyboard alone. Both find things by the names that they see.
import type { Locator, Page } from "playwright-core";

export interface Hand {
  readonly page: Page;
  /** Follows a link, to its page. */
  follow(name: string): Promise<void>;
  /** Presses a button that sends a form, and waits for the page that comes. */
  press(name: string): Promise<void>;
  /** Types into a field, in place of what stands there. */
  fill(label: string, text: string): Promise<void>;
  /** Ticks a box. */
  tick(label: string): Promise<void>;
  /** Takes one of a choice. */
  choose(label: string, option: string): Promise<void>;
}

/** Does what leads to another page, and waits until that is there. */
export async function leading(page: Page, act: () => Promise<void>): Promise<void> {
  const loaded = page.waitForEvent("load");
  // Whoever awaits `act` sees its failure; the other promise must not fail unseen meanwhile.
  loaded.catch(() => {});
  await act();
  await loaded;
}

export class MouseHand implements Hand {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async follow(name: string): Promise<void> {
    await leading(this.page, () => this.page.getByRole("link", { name, exact: true }).click());
  }

  async press(name: string): Promise<void> {
    await leading(this.page, () => this.page.getByRole("button", { name, exact: true }).click());
  }

  async fill(label: string, text: string): Promise<void> {
    await this.page.getByLabel(label, { exact: true }).fill(text);
  }

  async tick(label: string): Promise<void> {
    await this.page.getByLabel(label, { exact: true }).check();
  }

  async choose(label: string, option: string): Promise<void> {
    await this.page.getByLabel(label, { exact: true }).selectOption({ label: option });
  }
}

/** So many times Tab is pressed, at most, until something is called out of reach. */
const mostTabs = 200;

/** Tab, Enter, Space and typing. Each thing on the way must show that it has the focus. */
export class KeyboardHand implements Hand {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async follow(name: string): Promise<void> {
    await this.reach(this.page.getByRole("link", { name, exact: true }));
    await leading(this.page, () => this.page.keyboard.press("Enter"));
  }

  async press(name: string): Promise<void> {
    await this.reach(this.page.getByRole("button", { name, exact: true }));
    await leading(this.page, () => this.page.keyboard.press("Space"));
  }

  async fill(label: string, text: string): Promise<void> {
    await this.reach(this.page.getByLabel(label, { exact: true }));
    await this.page.keyboard.press("Control+A");
    // As a paste comes: at once.
    if (text.includes("\n")) await this.page.keyboard.insertText(text);
    else await this.page.keyboard.type(text);
  }

  async tick(label: string): Promise<void> {
    await this.reach(this.page.getByLabel(label, { exact: true }));
    await this.page.keyboard.press("Space");
  }

  async choose(label: string, option: string): Promise<void> {
    await this.reach(this.page.getByLabel(label, { exact: true }));
    await this.page.keyboard.type(option);
  }

  /** Goes on with Tab until something has the focus. @throws Error when Tab does not lead there, or hides where it is */
  async reach(target: Locator): Promise<void> {
    const focused = target.and(this.page.locator(":focus"));
    for (let tabs = 0; tabs <= mostTabs; tabs++) {
      if ((await focused.count()) === 1) return;
      await this.step();
    }
    throw new Error(`Tab does not lead to ${target} of ${this.page.url()}.`);
  }

  /** Presses Tab once. @throws Error when one cannot see where that leads */
  async step(): Promise<void> {
    await this.page.keyboard.press("Tab");
    const hidden = await this.page.evaluate<string | null>(`(${whyFocusIsHidden})()`);
    if (hidden !== null)
      throw new Error(`Tab leads to what does not show it on ${this.page.url()}: ${hidden}`);
  }
}

/** Runs in the page. */
const whyFocusIsHidden = `function () {
  const element = document.activeElement;
  // Between the last thing of a page and the first, the browser itself has the focus.
  if (element === null || element === document.body) return null;
  const { outlineStyle, outlineWidth, visibility } = getComputedStyle(element);
  const { width, height, left, right, top, bottom } = element.getBoundingClientRect();
  const isDrawn = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && visibility === "visible";
  const isInside = width > 4 && height > 4 && right > 0 && left < innerWidth && bottom > 0 && top < innerHeight;
  return isDrawn && isInside ? null : element.outerHTML.slice(0, 200) +
    " outline " + outlineStyle + " " + outlineWidth + " at " + [left, top, right, bottom].join(" ");
}`;
