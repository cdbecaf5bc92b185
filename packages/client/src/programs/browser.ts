import { delimiter } from "node:path";
import { PageFile } from "./page-file.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** How long a program that opens browsers may take to fail, in milliseconds; one that runs on is a browser itself. */
const patience = 3000;

/**
 * Opens a URL in the user's browser. The URL may be secret: it stands in a file that only the user may read, and programs
 * are given the file's name, as everybody on this host can see what they are given.
 * @returns what opened it; `null`: there is no browser here, or none would
 */
export async function openInBrowser(url: string, env: Environment): Promise<string | null> {
  const openers = openersAt(env);
  if (openers.length === 0) return null;
  const file = PageFile.leadingTo(url, env);
  if (file === null) return null;
  for (const opener of openers) {
    if (await runs(opener.with(file.url), env)) return opener.name;
  }
  file.remove();
  return null;
}

/** A program that opens a browser, or is one. */
export interface Opener {
  readonly name: string;
  /** Its words for a URL. */
  with(url: string): readonly string[];
}

/**
 * The programs that may open a browser before the user, in the order in which they are tried: those of `$BROWSER`, with `:`
 * between them, then the system's own. None where the user sits elsewhere, or has no display.
 */
export function openersAt(env: Environment, platform: string = process.platform): readonly Opener[] {
  if (!hasDisplay(env, platform)) return [];
  const own = (env["BROWSER"] ?? "").split(delimiter).map((text) => text.split(/\s+/).filter(Boolean));
  const PATH = env["PATH"] ?? "";
  return [...own, [platform === "darwin" ? "open" : "xdg-open"]].flatMap(([name = "", ...words]) => {
    if (name === "" || Bun.which(name, { PATH }) === null) return [];
    const isPlaced = words.some((word) => word.includes("%s"));
    const given = (url: string) => words.map((word) => word.replaceAll("%s", () => url));
    return [{ name, with: (url) => [name, ...given(url), ...(isPlaced ? [] : [url])] }];
  });
}

function hasDisplay(env: Environment, platform: string): boolean {
  if (env["DISPLAY"] || env["WAYLAND_DISPLAY"]) return true;
  return platform === "darwin" && !env["SSH_CONNECTION"] && !env["SSH_TTY"];
}

/** Starts a program that outlives this one. @returns false when it cannot be started, or fails at once */
async function runs(argv: readonly string[], env: Environment): Promise<boolean> {
  try {
    const child = Bun.spawn([...argv], {
      ...{ stdin: "ignore", stdout: "ignore", stderr: "ignore" },
      detached: true,
      cwd: "/",
      env,
    });
    child.unref();
    const status = await Promise.race([child.exited, Bun.sleep(patience)]);
    return status === undefined || status === 0;
  } catch {
    return false;
  }
}
