import { readFileSync } from "node:fs";

/**
 * Whether the process may set its terminal's mode: one in the background is stopped where it tries (termios(3)), and
 * stopped again however often it is continued, so that no signal ends it.
 */
export function isInForeground(): boolean {
  try {
    // Behind the program's name: state, parent, process group, session, terminal, the terminal's group (proc(5)).
    const [, , group, , , foreground] =
      readFileSync("/proc/self/stat", "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return group === foreground;
  } catch {
    // Other systems do not tell.
    return true;
  }
}
