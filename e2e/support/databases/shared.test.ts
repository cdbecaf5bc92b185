import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { SQL } from "bun";
import { start } from "../process.ts";
import { freshDatabase } from "./fresh.ts";
import { whyNoServer } from "./programs.ts";
import { whyNoDatabase } from "./shared.ts";

const engines = ["postgres", "mysql"] as const;

describe.each(engines)("a fresh database of %s", (engine) => {
  test.skipIf(whyNoDatabase(engine) !== null)("is its owner's, who may do nothing else", async () => {
    const one = await freshDatabase(engine);
    const other = await freshDatabase(engine);
    const sql = new SQL(one.url, { max: 1 });
    await sql.unsafe("create table kept (id int)");
    await expect(sql.unsafe(`drop database ${other.name}`).execute()).rejects.toThrow(/denied|must be owner/);
    // Although somebody is connected to it.
    await Promise.all([one.drop(), other.drop()]);
    await sql.end();
    const gone = new SQL(one.url, { max: 1 });
    await expect(gone.unsafe("select 1").execute()).rejects.toThrow(/denied|failed/);
    await gone.end();
  });
});

/** A program that starts a server of an engine, tells its folder, and stays. */
const holder = (engine: (typeof engines)[number]) => {
  const [file, name] = engine === "postgres" ? ["postgres", "PostgresCluster"] : ["mariadb", "MariaDbServer"];
  return `
    import { ${name} } from ${JSON.stringify(join(import.meta.dir, `${file}.ts`))};
    console.log((await ${name}.start()).folder);
    setInterval(() => {}, 1_000_000);`;
};

/** Whether any process has a path in its arguments. */
async function isNamed(path: string): Promise<boolean> {
  for (const file of new Bun.Glob("[0-9]*/cmdline").scanSync("/proc")) {
    const argv = await Bun.file(join("/proc", file))
      .text()
      .catch(() => "");
    if (argv.includes(path)) return true;
  }
  return false;
}

describe.each(engines)("a server of %s", (engine) => {
  test.skipIf(whyNoServer(engine) !== null).each(["SIGKILL", "SIGINT", "SIGTERM"] as const)(
    "ends, and its folder goes, when its owner ends with %s",
    async (signal) => {
      const child = start([process.execPath, "-e", holder(engine)]);
      const reader = child.stdout.getReader();
      const folder = new TextDecoder().decode((await reader.read()).value).trim();
      expect(existsSync(folder)).toBeTrue();
      expect(await isNamed(folder)).toBeTrue();
      child.kill(signal);
      await child.exited;
      expect(child.signalCode).toBe(signal);
      while (existsSync(folder) || (await isNamed(folder))) await Bun.sleep(10);
    },
  );
});

test.skipIf(engines.some((engine) => whyNoServer(engine) !== null))(
  "the servers for a whole run end with the input of the program that starts them",
  async () => {
    const input = new TransformStream<Uint8Array, Uint8Array>();
    const child = start([process.execPath, join(import.meta.dir, "serve.ts")], { stdin: input.readable });
    const line = new TextDecoder().decode((await child.stdout.getReader().read()).value);
    const urls = Object.values(JSON.parse(line) as Record<string, string>);
    expect(urls.map((url) => new URL(url).protocol).sort()).toEqual(["mysql:", "postgres:"]);
    const answer = async (url: string) => {
      await using sql = new SQL(url, { max: 1 });
      return sql.unsafe("select 1 as one").then(([row]) => row.one);
    };
    expect(await Promise.all(urls.map(answer))).toEqual([1, 1]);
    await input.writable.close();
    expect(await child.exited).toBe(0);
    for (const url of urls) await expect(answer(url)).rejects.toThrow();
  },
);
