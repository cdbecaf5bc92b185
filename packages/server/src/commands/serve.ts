import { readArguments } from "../cli/arguments.ts";
import { type Command, commonHelp, withDatabase } from "../cli/command.ts";
import { isJournal } from "../log/log.ts";
import { openLog } from "../log/open.ts";
import { serveConfig } from "../serving/config.ts";
import { argumentsOf } from "../serving/option.ts";
import { serveOptions } from "../serving/options.ts";
import { startServer } from "../serving/server.ts";

const usage = "pstore-server serve [--listen HOST:PORT] [--public-url URL]…";

export const serve: Command = {
  name: "serve",
  summary: "answer pstore clients",
  help: `${usage}

Serves the store until SIGTERM or SIGINT; requests that run then are finished,
if that takes no longer than a minute.

${Object.values(serveOptions)
  .map(({ help }) => help)
  .join("")}${commonHelp}`,

  async run(argv, io) {
    const { values } = readArguments(argv, argumentsOf(serveOptions), { least: 0, most: 0, usage });
    const config = serveConfig(values, io.env);
    const log = openLog(config.logFormat ?? (isJournal(io.env) ? "journal" : "none"), io.stderrSoon);
    return await withDatabase(values, io, async (db) => {
      const server = await startServer(db, config, log);
      // Whoever reads that the server listens may stop it at once.
      const stopped = io.stopped();
      io.stdout(`listening on ${server.url}\n`);
      if (server.metricsUrl !== null) io.stdout(`metrics at ${server.metricsUrl}\n`);
      await stopped;
      await server.stop();
      return 0;
    }).finally(log.close);
  },
};
