// Kills of server processes, again and again.
import type { Random } from "@pstore/fuzz/random";
import { rest } from "@pstore/server/serving/rest";
import type { ServerProcess } from "./server-process.ts";

/** How long a server runs, in milliseconds: at least, and how much longer at most. */
const up = { least: 400, more: 2600 };
/** The same for how long it is away. */
const away = { least: 0, more: 700 };

/** Kills a server at moments that the seed names and starts it again, until it is over. @returns how often */
export async function restartAgainAndAgain(
  server: ServerProcess,
  random: Random,
  over: AbortSignal,
): Promise<number> {
  const pause = ({ least, more }: typeof up) => rest(least + random.below(more), over);
  for (let kills = 0; ; kills++) {
    await pause(up);
    if (over.aborted) return kills;
    await server.kill();
    await pause(away);
    await server.start();
  }
}
