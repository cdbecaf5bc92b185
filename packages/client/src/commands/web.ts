import { printLine } from "../terminal/output.ts";
import type { Command } from "./command.ts";

/** `pstore --web`: signs in to the web admin in a browser, or prints the link that does. */
export const web: Command = async ({ store, output, person, env }) => {
  const { url, expiresIn } = await store.webLink();
  const terms = `signs you in once, within ${expiresIn} seconds`;
  if (output.isTerminal) {
    const { openInBrowser } = await import("../programs/browser.ts");
    const name = await openInBrowser(url, env);
    if (name !== null) {
      person.notice(
        `opened the web admin with ${name}; the page ${terms} (where none appears: pstore --web | cat prints its link)`,
      );
      return;
    }
  }
  await printLine(output, url);
  person.notice(`the link ${terms}, whoever opens it: give it to nobody`);
};
