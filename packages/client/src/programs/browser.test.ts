import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openersAt, openInBrowser } from "./browser.ts";
import { PageFile } from "./page-file.ts";

const url = "http://127.0.0.1:8000/it's/sign-in/link/SECRET";
let folder: string;
let env: Record<string, string>;

beforeAll(() => {
  folder = mkdtempSync("/tmp/p-");
  const bin = join(folder, "bin");
  for (const made of [bin, join(folder, "run"), join(folder, "home")]) mkdirSync(made);
  const program = (name: string, text: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  // Each tells what it was given, as everybody could see it, and what lies there.
  const tells = `printf '%s\\n' "$0" "$@" > ${folder}/given; cat "\${1#file://}" > ${folder}/page 2>/dev/null`;
  program("xdg-open", tells);
  program("firefox", tells);
  program("broken", "exit 3");
  env = {
    PATH: `${bin}:/usr/bin:/bin`,
    HOME: join(folder, "home"),
    XDG_RUNTIME_DIR: join(folder, "run"),
    DISPLAY: ":9",
  };
});
// What would remove a page in a minute ends when it is gone.
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const given = () => readFileSync(join(folder, "given"), "utf8").split("\n").slice(1, -1);
const words = (variables: Record<string, string>, platform = "linux") =>
  openersAt({ ...env, ...variables }, platform).map((opener) => opener.with("URL"));

test("a browser is there where a display is, and $BROWSER before the system's own", () => {
  expect(words({})).toEqual([["xdg-open", "URL"]]);
  expect(words({ DISPLAY: "", WAYLAND_DISPLAY: "wayland-0" })).toEqual([["xdg-open", "URL"]]);
  expect(words({ DISPLAY: "" })).toEqual([]);
  expect(words({ DISPLAY: "", BROWSER: "firefox" })).toEqual([]);
  expect(words({ SSH_CONNECTION: "x" })).toEqual([["xdg-open", "URL"]]);
  expect(words({ BROWSER: "firefox -P work:no-such-program:broken --url=%s %%" })).toEqual([
    ["firefox", "-P", "work", "URL"],
    ["broken", "--url=URL", "%%"],
    ["xdg-open", "URL"],
  ]);
  expect(words({ PATH: "/nowhere" })).toEqual([]);
});

test("what opens it is given the name of a file that nobody else may read, and never the URL", async () => {
  expect(await openInBrowser(url, env)).toBe("xdg-open");
  const [argument = "", ...more] = given();
  expect(more).toEqual([]);
  expect(argument).toMatch(new RegExp(`^file://${folder}/run/pstore-web-[0-9a-f]{18}\\.html$`));
  const page = readFileSync(join(folder, "page"), "utf8");
  expect(page).toContain(
    '<meta http-equiv="refresh" content="0;url=http://127.0.0.1:8000/it&#39;s/sign-in/link/SECRET">',
  );
  expect(page).toContain('<meta name="referrer" content="no-referrer">');
  const { mode } = await Bun.file(fileURLToPath(argument)).stat();
  expect((mode & 0o777).toString(8)).toBe("600");
});

test("where the browser may be a snap, the file lies where a snap sees it", async () => {
  const snap = join(folder, "home/snap");
  mkdirSync(snap);
  expect(await openInBrowser(url, { ...env, BROWSER: "firefox" })).toBe("firefox");
  rmSync(snap, { recursive: true });
  expect(given()[0]).toMatch(new RegExp(`^file://${folder}/home/pstore-web-[0-9a-f]{18}\\.html$`));
});

test("when one fails, the next is tried; when all do, nothing is left behind", async () => {
  expect(await openInBrowser(url, { ...env, BROWSER: "broken:firefox" })).toBe("firefox");
  const before = readdirSync(join(folder, "run"));
  rmSync(join(folder, "bin/xdg-open"));
  expect(await openInBrowser(url, { ...env, BROWSER: "broken" })).toBeNull();
  expect(readdirSync(join(folder, "run"))).toEqual(before);
  expect(await openInBrowser(url, { ...env, DISPLAY: "" })).toBeNull();
});

test("the file is gone in time, whoever is still there", async () => {
  const run = join(folder, "run");
  const before = readdirSync(run);
  const gone = Promise.withResolvers<void>();
  const watcher = watch(run, () => {
    if (readdirSync(run).length === before.length) gone.resolve();
  });
  const file = PageFile.leadingTo(url, env, 1);
  expect(readdirSync(run)).toHaveLength(before.length + 1);
  expect(file?.url).toContain("/run/pstore-web-");
  await gone.promise;
  watcher.close();
});
