import { readArguments } from "../cli/arguments.ts";
import { type Command, commonHelp, withDatabase } from "../cli/command.ts";
import { defaults, isLoopback, serveConfig } from "../config.ts";
import { createApp } from "../http/app.ts";
import { listen } from "../http/listen.ts";
import { theStore } from "../services/accounts.ts";
import { collectGarbage } from "../services/uploads.ts";
import { version } from "../version.ts";

const usage = "pstore-server serve [--listen HOST:PORT] [--public-url URL]…";
const hour = 3_600_000;
/** A refused sign-in takes this long, or a multiple, in milliseconds: longer than any key's signature takes to check. */
const refusalTime = 500;
/** Requests that run when the server is told to stop get this long, in milliseconds: less than systemd waits (90 s). */
const grace = 60_000;

export const serve: Command = {
  name: "serve",
  summary: "answer pstore clients",
  help: `${usage}

Serves the store until SIGTERM or SIGINT; requests that run then are finished,
if that takes no longer than a minute.

  --listen HOST:PORT   where to listen; port 0 is any free one. Default:
                       PSTORE_LISTEN, else ${defaults.listen}
  --public-url URL     how clients reach the server, as they write it in
                       --store-url; repeatable. Only clients that use one of
                       these can sign in. Default: PSTORE_PUBLIC_URL (several
                       with spaces between), else http:// on the loopback
                       addresses with the port that is listened on
  --session-time SECONDS
                       how long a sign-in lasts. Default: PSTORE_SESSION_TIME,
                       else ${defaults.sessionTime}
  --max-upload-size BYTES
                       the largest value. Default: PSTORE_MAX_UPLOAD_SIZE, else
                       ${defaults.maxUploadSize} (16 GiB)
${commonHelp}`,

  async run(argv, io) {
    const { values } = readArguments(
      argv,
      {
        listen: { type: "string" },
        "public-url": { type: "string", multiple: true },
        "session-time": { type: "string" },
        "max-upload-size": { type: "string" },
      },
      { least: 0, most: 0, usage },
    );
    const config = serveConfig(
      {
        listen: values.listen,
        publicUrls: values["public-url"],
        sessionTime: values["session-time"],
        maxUploadSize: values["max-upload-size"],
      },
      io.env,
    );
    const log = (line: string) => io.stderr(`pstore-server: ${line}\n`);
    return await withDatabase(values, io, async (db) => {
      await collectGarbage(db);
      let origins = config.origins;
      const app = createApp({
        db,
        store: await theStore(db),
        version,
        loginRules: () => ({ origins, sessionTime: config.sessionTime, refusalTime }),
        maxUploadSize: config.maxUploadSize,
        log,
      });
      const server = listen(app.fetch, { ...config, grace });
      if (origins.length === 0) origins = loopbackOrigins(server.port);
      const collector = setInterval(() => {
        collectGarbage(db).catch((error) => log(`old uploads were not collected: ${error}`));
      }, hour);
      if (config.origins.length === 0 && !isLoopback(config.host)) {
        log("without --public-url nobody can sign in from another machine; give the URL that clients use");
      }
      io.stdout(`listening on ${server.url}\n`);
      await io.stopped();
      clearInterval(collector);
      await server.stop();
      return 0;
    });
  },
};

function loopbackOrigins(port: number): readonly string[] {
  return ["127.0.0.1", "localhost", "[::1]"].map((host) => new URL(`http://${host}:${port}`).origin);
}
