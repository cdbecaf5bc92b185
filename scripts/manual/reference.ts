// The tables of docs/reference.md, which a test holds to the code.
import { join } from "node:path";
import { capital, definitions, escaped, prose } from "./mdoc.ts";

const file = join(import.meta.dir, "../../docs/reference.md");

/** The cells of the table under a heading, without its head. */
async function table(heading: string): Promise<readonly (readonly string[])[]> {
  const text = await Bun.file(file).text();
  const section = text.split(`## ${heading}\n`)[1]?.split("\n## ")[0];
  if (section === undefined) throw new Error(`docs/reference.md has no section '${heading}'.`);
  const rows = section.split("\n").filter((line) => line.startsWith("| "));
  return rows.slice(2).map((row) =>
    row
      .slice(2, -2)
      .split(" | ")
      .map((cell) => cell.trim()),
  );
}

/** The rows of a table that are of one program, as a list. */
async function rowsOf(heading: string, program: string, macro: string): Promise<string> {
  const rows = (await table(heading)).filter(([, of]) => of === program || of === "both");
  return definitions(
    rows.map(([names = "", , meaning = ""]) => [
      names
        .replaceAll("`", "")
        .split(", ")
        .map((name) => `${macro} ${escaped(name)}`)
        .join(" , "),
      prose(capital(meaning)),
    ]),
  );
}

export function environment(program: string): Promise<string> {
  return rowsOf("Environment variables", program, "Ev");
}

export function files(program: string): Promise<string> {
  return rowsOf("Files", program, "Pa");
}

export async function exitStatuses(): Promise<string> {
  const rows = await table("Exit statuses");
  return definitions(rows.map(([status = "", meaning = ""]) => [escaped(status), prose(capital(meaning))]));
}
