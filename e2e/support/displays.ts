// Real display servers without a screen, for what reaches a clipboard.
import { chown, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createFolderForOthers } from "./folder.ts";
import { type Environment, environment } from "./process.ts";

export interface Display extends AsyncDisposable {
  /** What a program needs to find it. */
  readonly env: Environment;
  dispose(): Promise<void>;
}

/** Whether a program is there. */
export const has = (program: string) => Bun.which(program) !== null;

/** An X server. */
export async function startX(): Promise<Display> {
  const server = Bun.spawn(["Xvfb", "-displayfd", "1", "-nolisten", "tcp", "-screen", "0", "16x16x24"], {
    ...{ env: environment(), stdout: "pipe", stderr: "ignore" },
  });
  return display(server, { DISPLAY: `:${await firstLine(server.stdout)}` }, async () => {});
}

/** A user that a Wayland server may run as: it refuses to be root. */
const nobody = 65534;

/** A Wayland server. */
export async function startWayland(): Promise<Display> {
  const folder = await createFolderForOthers();
  const config = join(folder, "config");
  await writeFile(config, "xwayland disable\nexec echo $WAYLAND_DISPLAY\n");
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) await chown(folder, nobody, nobody);
  const asNobody = ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"];
  const server = Bun.spawn([...(isRoot ? asNobody : []), "sway", "--config", config], {
    env: environment({
      HOME: folder,
      XDG_RUNTIME_DIR: folder,
      WLR_BACKENDS: "headless",
      WLR_LIBINPUT_NO_DEVICES: "1",
      WLR_RENDERER: "pixman",
    }),
    ...{ stdout: "pipe", stderr: "ignore" },
  });
  const socket = join(folder, await firstLine(server.stdout));
  return display(server, { WAYLAND_DISPLAY: socket }, () => rm(folder, { recursive: true, force: true }));
}

function display(server: Bun.Subprocess, env: Environment, clean: () => Promise<void>): Display {
  const dispose = async () => {
    server.kill();
    await server.exited;
    await clean();
  };
  return { env, dispose, [Symbol.asyncDispose]: dispose };
}

/** The first line that a server prints: it is ready then. */
async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of stream) {
    text += new TextDecoder().decode(chunk);
    const end = text.indexOf("\n");
    if (end >= 0) return text.slice(0, end);
  }
  throw new Error("The display server ended.");
}
