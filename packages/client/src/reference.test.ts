import { expect, test } from "bun:test";
import { problems } from "@pstore/core/problem";

/** The first columns of the table that stands under a heading of docs/reference.md. */
async function table(heading: string): Promise<readonly (readonly string[])[]> {
  const text = await Bun.file(new URL("../../../docs/reference.md", import.meta.url)).text();
  const section = text.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| "));
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .map((cell) => cell.trim().replaceAll("`", ""))
      .slice(1, -1),
  );
}

test("the reference lists every error code with its status, and no other", async () => {
  const documented = (await table("Error codes")).map(([code = "", status]) => [
    code,
    status === "" ? null : Number(status),
  ]);
  expect(Object.fromEntries(documented)).toEqual({ ...problems });
});

test.each(["client", "server"])(
  "the reference lists every environment variable that the %s reads",
  async (name) => {
    const cwd = new URL(`../../${name}/src`, import.meta.url).pathname;
    const sources = await Array.fromAsync(new Bun.Glob("**/*.ts").scan({ cwd, absolute: true }));
    const read = new Set<string>();
    for (const source of sources.filter((path) => !path.endsWith(".test.ts"))) {
      for (const [, variable = ""] of (await Bun.file(source).text()).matchAll(/env\["([A-Z_]+)"\]/g))
        read.add(variable);
    }
    const documented = (await table("Environment variables")).flatMap(([names = ""]) => names.split(", "));
    expect(read.size).toBeGreaterThan(4);
    expect(documented).toEqual(expect.arrayContaining([...read]));
  },
);
