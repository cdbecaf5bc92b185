import { Problem } from "@pstore/core/problem";
import type { Found, Sought } from "../store/reading/search.ts";
import { printJson, printLine } from "../terminal/output.ts";
import type { Command } from "./command.ts";
import { asJsonValue, asText, laidOut, nameWidth, summary } from "./layout.ts";

/** `pstore -s [KEY=][VALUE]`: the properties that have KEY in their names and VALUE in their public values. */
export const search: Command = async ({ args, store, person, output }) => {
  const { options } = args;
  const text = options.search ?? "";
  const { found, more } = await store.search(readSought(text), options.all);
  if (more) {
    person.warn(`more fits '${text}' than is shown; narrow the search, with KEY=VALUE or a longer text`);
  }
  if (found.length === 0) {
    throw new Problem(
      "not-found",
      `no property of ${options.all ? "any machine" : "your machines"} fits '${text}'; KEY= searches names, VALUE public values`,
    );
  }
  if (options.json) await printJson(output, found.map(asJson));
  else for (const one of found) await printLine(output, line(one));
};

/** The first `=` divides. */
function readSought(text: string): Sought {
  const at = text.indexOf("=");
  return at < 0 ? { key: "", value: text } : { key: text.slice(0, at), value: text.slice(at + 1) };
}

function line({ machine, property, entry, value }: Found): string {
  const text = value === null ? null : asText(value);
  return `${machine.padEnd(nameWidth)} ${property} = ${text === null ? summary(entry) : laidOut(text)}`;
}

function asJson({ machine, property, entry, value }: Found): object {
  const { kind, size } = entry;
  return { machine, property, kind, size, ...(value === null ? {} : asJsonValue(value)) };
}
