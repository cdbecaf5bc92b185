import type { ObjectRow } from "@pstore/core/api/schemas";
import { Problem } from "@pstore/core/problem";
import { habitHint } from "../cli/habits.ts";
import { printJson, printLine } from "../terminal/output.ts";
import type { Context } from "./command.ts";
import { listText } from "./layout.ts";

/** `pstore`: all machines of the user; with `-a`, all that are. */
export async function list(context: Context): Promise<void> {
  const { args, store } = context;
  await printRows(context, await store.list(args.options.all));
}

/**
 * Prints machines with who has access to them.
 * @param text what was searched for
 * @throws Problem `not-found` when there are none
 */
export async function printFound(context: Context, rows: readonly ObjectRow[], text: string): Promise<void> {
  if (rows.length > 0) return printRows(context, rows);
  throw new Problem(
    "not-found",
    `no machine of yours is named '${text}' or contains that in its name; ${habitHint(text) ?? "pstore lists all of yours"}`,
  );
}

async function printRows({ args, output }: Context, rows: readonly ObjectRow[]): Promise<void> {
  await (args.options.json ? printJson(output, rows) : printLine(output, listText(rows)));
}
