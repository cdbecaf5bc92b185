import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
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
    for (const source of sources.filter((path) => !/(\.test|-for-tests)\.ts$/.test(path))) {
      for (const [, variable = ""] of (await Bun.file(source).text()).matchAll(/env\["([A-Z_]+)"\]/g))
        read.add(variable);
    }
    const documented = (await table("Environment variables")).flatMap(([names = ""]) => names.split(", "));
    expect(read.size).toBeGreaterThan(4);
    expect(documented).toEqual(expect.arrayContaining([...read]));
  },
);

test("what the README links to is there, down to the heading", async () => {
  const root = new URL("../../../", import.meta.url);
  const readme = await Bun.file(new URL("README.md", root)).text();
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)(?:#([^)]+))?\)/g)];
  expect(links.length).toBeGreaterThan(5);
  for (const [, path = "", anchor] of links) {
    expect({ path, isThere: existsSync(new URL(path, root)) }).toEqual({ path, isThere: true });
    if (anchor === undefined) continue;
    const text = await Bun.file(new URL(path, root)).text();
    const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
      heading.toLowerCase().replaceAll(" ", "-"),
    );
    expect(headings).toContain(anchor);
  }
});
