import { randomBytes } from "node:crypto";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

type Environment = Readonly<Record<string, string | undefined>>;

/** How long the file stays, in seconds: a browser may have to start first. */
const stay = 60;

/** What removes a file in time, also when this process has ended: `$1` after `$2` seconds. It ends when the file does. */
const removal = 'i=0; while [ -e "$1" ] && [ "$i" -lt "$2" ]; do sleep 1; i=$((i + 1)); done; rm -f -- "$1"';

/** A web page of mode 0600 that leads on to a URL, and is gone soon. */
export class PageFile {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Writes such a page.
   * @param seconds how long it stays
   * @returns `null` when it cannot be written, or would not be removed
   */
  static leadingTo(url: string, env: Environment, seconds = stay): PageFile | null {
    for (const folder of foldersFor(env)) {
      const file = new PageFile(join(folder, `pstore-web-${randomBytes(9).toString("hex")}.html`));
      try {
        writeFileSync(file.#path, pageTo(url), { mode: 0o600, flag: "wx" });
        file.#removeLater(seconds);
        return file;
      } catch {
        file.remove();
      }
    }
    return null;
  }

  /** Its own URL. */
  get url(): string {
    return pathToFileURL(this.#path).href;
  }

  remove(): void {
    rmSync(this.#path, { force: true });
  }

  #removeLater(seconds: number): void {
    const child = Bun.spawn(["/bin/sh", "-c", removal, "sh", this.#path, `${seconds}`], {
      ...{ stdin: "ignore", stdout: "ignore", stderr: "ignore" },
      detached: true,
      cwd: "/",
      env: { PATH: "/usr/bin:/bin" },
    });
    child.unref();
  }
}

/**
 * The user's runtime folder, or else that of temporary files. Not so where programs come as snaps: a browser that does
 * sees none of the user's files that is hidden or below /run and /tmp (https://github.com/jupyter/notebook/issues/4500),
 * but those in the home folder.
 */
function foldersFor(env: Environment): readonly string[] {
  const { HOME = "", XDG_RUNTIME_DIR = "", TMPDIR = "" } = env;
  if (HOME !== "" && existsSync(join(HOME, "snap"))) return [HOME];
  return [XDG_RUNTIME_DIR, TMPDIR, "/tmp"].filter((folder) => folder.startsWith("/"));
}

function pageTo(url: string): string {
  const target = escaped(new URL(url).href);
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>pstore</title>',
    '<meta name="referrer" content="no-referrer">',
    `<meta http-equiv="refresh" content="0;url=${target}"></head>`,
    `<body><p><a href="${target}">Go on to the web admin</a></p></body></html>\n`,
  ].join("\n");
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
