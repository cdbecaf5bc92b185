// bun e2e/support/databases/serve.ts
//
// Starts the server of each engine that the tests share, unless the environment names one already, prints one line of JSON
// with the variables for the tests' environment, and ends them when its standard input ends.
import { type Engine, variableOf } from "./programs.ts";
import { type SharedServer, startShared, whyNoDatabase } from "./shared.ts";

const engines: readonly Engine[] = ["postgres", "mysql"];

/** Starts a server, or says why there is none: the tests that need it then say so themselves. */
async function start(engine: Engine): Promise<SharedServer | null> {
  try {
    const why = whyNoDatabase(engine);
    if (why !== null) throw new Error(why);
    return await startShared(engine);
  } catch (error) {
    console.error((error as Error).message);
    return null;
  }
}

const variables: Record<string, string> = {};
const servers: SharedServer[] = [];
const wanted = engines.filter((engine) => !process.env[variableOf(engine)]);
await Promise.all(
  wanted.map(async (engine) => {
    const server = await start(engine);
    if (server === null) return;
    servers.push(server);
    variables[variableOf(engine)] = server.url;
  }),
);
console.log(JSON.stringify(variables));
for await (const _ of process.stdin);
await Promise.all(servers.map((server) => server.close()));
