import { Problem } from "@pstore/core/problem";
import { asciiLine } from "@pstore/core/visible";
import { readArguments } from "../cli/arguments.ts";
import { type Command, commonHelp, withDatabase } from "../cli/command.ts";
import { Table } from "../cli/table.ts";
import { readTime, timeHelp } from "../cli/times.ts";
import { wholeNumber } from "../config.ts";
import { auditFields } from "../log/entry.ts";
import { asciiJson } from "../log/formats.ts";
import { auditActions as knownActions } from "../services/audit-actions.ts";
import { type AuditFilter, type LoggedRow, readAudit } from "../services/audit-log.ts";
import { verify, verifyHelp } from "./audit-verify.ts";

const usage = "pstore-server audit [--user NAME] [--object NAME] [--since TIME] [--verify] …";
const auditActions: readonly string[] = knownActions;
const defaultLimit = 100;
/** So many rows are held in memory at once. */
const highestLimit = 10_000;

const options = {
  user: { type: "string" },
  object: { type: "string" },
  property: { type: "string" },
  action: { type: "string" },
  outcome: { type: "string" },
  since: { type: "string" },
  until: { type: "string" },
  limit: { type: "string" },
  json: { type: "boolean" },
} as const;
const verifyOptions = {
  verify: { type: "boolean" },
  expect: { type: "string", multiple: true },
  from: { type: "string" },
} as const;

export const audit: Command = {
  name: "audit",
  summary: "show who did what, and when",
  help: `${usage}

Shows the log of what was done, and of what was refused: the newest rows, the
oldest of them first. An action is named as the table names it, for example
read, set, allow, 'sign in'. The server may run meanwhile.

  --user NAME          what this user did (cli:NAME: with pstore-server)
  --object NAME        of the machine that has or had this name
  --property NAME      of this property
  --action A           only this; to an unknown one the answer is a list
  --outcome O          ok, refused (whatever is not ok), or a code such as
                       forbidden
  --since TIME         from then on
  --until TIME         up to then; of a day, to its end
  --limit N            at most N rows, the newest (up to ${highestLimit}); 0: all.
                       Default: ${defaultLimit}
  --json               prints JSON, one object a line, with the number of the
                       row's seal as well

${timeHelp}

${verifyHelp}

${commonHelp}`,

  async run(argv, io) {
    const { values, positionals } = readArguments(
      argv,
      { ...options, ...verifyOptions },
      { least: 0, most: 1, usage },
    );
    const { database, expect, from } = values;
    const readsInput = positionals[0] === "-";
    if (positionals.length > 0 && !readsInput)
      throw new Problem("usage", `there is a word too many; see 'pstore-server audit --help'`);
    if (values.verify) {
      const filtered = Object.keys(options).find((name) => Object.hasOwn(values, name));
      if (filtered !== undefined)
        throw new Problem("usage", `--verify is for the whole log, without --${filtered}`);
      return await verify({ database, expect, from, readsInput }, io);
    }
    if (expect !== undefined || from !== undefined || readsInput)
      throw new Problem("usage", "--expect, --from and - belong to --verify");
    const filter = filterOf(values, new Date());
    const limit = wholeNumber("number of --limit", values.limit, defaultLimit, {
      least: 0,
      most: highestLimit,
    });
    return await withDatabase(values, io, async (db) => {
      const table = new Table(header);
      let count = 0;
      for await (const rows of readAudit(db, filter, limit)) {
        count += rows.length;
        if (rows.length === 0) continue;
        io.stdout(values.json ? rows.map(jsonLine).join("") : table.part(rows.map(cells)));
      }
      if (count === 0) io.stderr("the log has no such row\n");
      return 0;
    });
  },
};

type Values = { readonly [name in Exclude<keyof typeof options, "json">]?: string | undefined };

function filterOf(values: Values, now: Date): AuditFilter {
  const { user, object, property, action, outcome, since, until } = values;
  const from = since === undefined ? undefined : readTime("--since", since, now).from;
  const to = until === undefined ? undefined : readTime("--until", until, now).to;
  if (from !== undefined && to !== undefined && from >= to)
    throw new Problem("usage", "--since is behind --until; exchange the two times");
  if (action !== undefined && !auditActions.includes(action)) {
    throw new Problem(
      "usage",
      `there is no action '${asciiLine(action)}'; there are ${auditActions.join(", ")}`,
    );
  }
  return {
    user,
    object,
    property: property?.toLowerCase(),
    action,
    ...(outcome === "refused" ? { refused: true } : { outcome }),
    since: from?.toISOString(),
    before: to?.toISOString(),
  };
}

const header = ["Time", "User", "Action", "Machine", "Property", "Outcome", "Address", "Detail"];

function cells(row: LoggedRow): string[] {
  const { time, user_name, action, object_name, property, outcome, address, detail } = row;
  return [time, user_name, action, object_name, property, outcome, address, detail].map(asciiLine);
}

function jsonLine(row: LoggedRow): string {
  return `${asciiJson({ time: row.time, ...auditFields(row), seal: row.seal })}\n`;
}
