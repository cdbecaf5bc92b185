type Environment = Readonly<Record<string, string | undefined>>;

/** A program that reaches a clipboard. Texts go to it through pipes alone. */
export interface Tool {
  readonly name: string;
  /** What must be set where it can work. */
  readonly variable?: string;
  /** Copies what it reads. */
  readonly copy: readonly string[];
  /** Prints what the clipboard holds. */
  readonly paste: readonly string[];
  /** Empties the clipboard; it is given no input. */
  readonly clear: readonly string[];
  /** Set when it runs. */
  readonly env?: Environment;
  /** The text as it reads it, where that is not UTF-8. */
  readonly encode?: (text: string) => Uint8Array;
  /** The text in what it prints, where there is more. */
  readonly decode?: (printed: Uint8Array) => Uint8Array;
}

const utf8 = { LC_CTYPE: "UTF-8" };

/** In the order in which they are tried. */
export const tools: readonly Tool[] = [
  {
    name: "wl-copy",
    variable: "WAYLAND_DISPLAY",
    // Without a type, it has other programs look into the text to guess one.
    copy: ["wl-copy", "--type", "text/plain;charset=utf-8"],
    paste: ["wl-paste", "--no-newline"],
    clear: ["wl-copy", "--clear"],
  },
  {
    name: "xclip",
    variable: "DISPLAY",
    copy: ["xclip", "-selection", "clipboard", "-in"],
    paste: ["xclip", "-selection", "clipboard", "-out"],
    clear: ["xclip", "-selection", "clipboard", "-in"],
  },
  {
    name: "xsel",
    variable: "DISPLAY",
    copy: ["xsel", "--clipboard", "--input"],
    paste: ["xsel", "--clipboard", "--output"],
    clear: ["xsel", "--clipboard", "--clear"],
  },
  { name: "pbcopy", copy: ["pbcopy"], paste: ["pbpaste"], clear: ["pbcopy"], env: utf8 },
  {
    // Windows' own, from within WSL.
    name: "clip.exe",
    copy: ["clip.exe"],
    paste: [
      ...["powershell.exe", "-NoProfile", "-NonInteractive", "-Command"],
      "[Console]::OutputEncoding = [Text.Encoding]::UTF8; Get-Clipboard -Raw",
    ],
    clear: ["clip.exe"],
    // It takes what is not ASCII for the text of an old code page, unless it is UTF-16.
    encode: (text) => Buffer.from(text, /^[\x00-\x7f]*$/.test(text) ? "utf8" : "utf16le"),
    decode: (printed) =>
      Buffer.from(
        Buffer.from(printed)
          .toString("utf8")
          .replace(/^\ufeff/, "")
          .replace(/\r\n$/, ""),
      ),
  },
];

/** The tools that may reach the user's clipboard, in their order. Over ssh, that is no clipboard of this host. */
export function toolsAt(env: Environment): readonly Tool[] {
  if (isRemote(env)) return [];
  const PATH = env["PATH"] ?? "";
  return tools.filter(
    ({ name, variable }) =>
      (variable === undefined || (env[variable] ?? "") !== "") && Bun.which(name, { PATH }) !== null,
  );
}

/** Whether the user sits elsewhere, and has not brought a display along. */
function isRemote(env: Environment): boolean {
  const hasDisplay = Boolean(env["DISPLAY"] || env["WAYLAND_DISPLAY"]);
  return Boolean(env["SSH_CONNECTION"] || env["SSH_TTY"]) && !hasDisplay;
}

/** How long a tool may take, in milliseconds: it may wait for a display that does not answer. */
const patience = 5000;

/**
 * Runs a tool, in a session of its own: what goes on holding the clipboard shall outlive the terminal.
 * @returns what it printed, at most `most` bytes and one; `null` when it failed
 */
export async function runTool(
  argv: readonly string[],
  env: Environment,
  input: Uint8Array,
  most: number | null,
): Promise<Uint8Array | null> {
  try {
    const child = Bun.spawn([...argv], {
      stdin: "pipe",
      // What stays behind to hold the clipboard keeps its output open: it is read only where nothing stays behind.
      stdout: most === null ? "ignore" : "pipe",
      stderr: "ignore",
      detached: true,
      cwd: "/",
      env,
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), patience);
    try {
      await child.stdin.write(input);
      await child.stdin.end();
      const printed = child.stdout === undefined ? new Uint8Array() : await start(child.stdout, most ?? 0);
      return (await child.exited) === 0 ? printed : null;
    } finally {
      clearTimeout(timer);
    }
  } catch {
    return null;
  }
}

async function start(stream: ReadableStream<Uint8Array>, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > most) break;
  }
  return Buffer.concat(chunks).subarray(0, most + 1);
}
