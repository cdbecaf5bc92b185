import type { ObjectRow } from "@pstore/core/api/schemas";
import { Problem } from "@pstore/core/problem";
import { printJson, printLine } from "../terminal/output.ts";
import type { Context } from "./command.ts";

const nameWidth = 25;
const rule = "-".repeat(72);

/** `pstore`: all machines of the user; with `-a`, all that are. */
export async function list({ args, store, output }: Context): Promise<void> {
  await printRows(output, await store.list("", args.options.all), args.options.json);
}

/**
 * Prints machines with who has access to them.
 * @param text what was searched for
 * @throws Problem `not-found` when there are none
 */
export async function printFound(context: Context, rows: readonly ObjectRow[], text: string): Promise<void> {
  if (rows.length === 0) {
    throw new Problem(
      "not-found",
      `no machine of yours is named '${text}' or contains that in its name; pstore lists all of yours`,
    );
  }
  await printRows(context.output, rows, context.args.options.json);
}

async function printRows(
  output: Context["output"],
  rows: readonly ObjectRow[],
  asJson: boolean,
): Promise<void> {
  if (asJson) {
    await printJson(output, rows);
    return;
  }
  const lines = rows.map((row) => {
    const users = row.members.map(({ user }) => user).sort();
    return `${mark(row.access)} ${row.name.padEnd(nameWidth)} ${users.join(", ")}`;
  });
  const header = `  ${"Machine".padEnd(nameWidth)} User access`;
  await printLine(output, [header, rule, ...lines].join("\n"));
}

function mark(access: ObjectRow["access"]): string {
  if (access === "write") return "+";
  return access === "read" ? "-" : " ";
}
