import { quoted } from "../store/named.ts";
import type { Unseen } from "../store/reading/survey.ts";
import { printJson, printLine } from "../terminal/output.ts";
import type { Command } from "./command.ts";
import { remarksOn } from "./key-remarks.ts";
import { asJson, tableOf } from "./key-table.ts";

/** `pstore --keys[=USER]`: lists users' keys, how they are pinned, and what is stale, with what mends it. */
export const keys: Command = async ({ args, store, person, output }) => {
  const { keysOf, json } = args.options;
  const now = new Date();
  const { users, unseen } = await store.keyList(keysOf || null);
  if (json) await printJson(output, asJson(users, now));
  else await printLine(output, tableOf(users, now));
  for (const [why, some] of Map.groupBy<string, Unseen>(unseen, (one) => one.why))
    person.warn(`${quoted(some.map(({ machine }) => machine))} not looked at: ${why}`);
  for (const user of users)
    for (const { isUrgent, text } of remarksOn(user, store.self, now))
      if (isUrgent) person.warn(text);
      else person.notice(text);
};
