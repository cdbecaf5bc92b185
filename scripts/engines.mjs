// On which database engines each test file runs: those that make a store run on all three, the others have nothing to do
// with any.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Failure, root } from "./workspace.mjs";

/** The engines behind SQLite, and what holds the URL of the server that the tests share. */
const servers = { postgres: "PSTORE_TEST_POSTGRES", mysql: "PSTORE_TEST_MYSQL" };
const engines = ["sqlite", ...Object.keys(servers)];

/** What makes a store for a test. */
const makesStore = /\b(?:TestStore|freshDatabase)\b/;
const storeTests = "packages/server/src/";

/**
 * Tests that make a store and that no engine makes a difference to: what they look at is pages and texts, keys and
 * signatures, or the process, and what they store, other tests store as well. With SQLite alone, they save two minutes.
 */
const sqliteAlone = new Set([
  "packages/server/src/commands/watched.test.ts",
  "packages/server/src/http/observed.test.ts",
  "packages/server/src/http/revocation.test.ts",
  "packages/server/src/http/ssh-keys.test.ts",
  "packages/server/src/http/web/site.test.ts",
  "packages/server/src/services/backup/backup.test.ts",
  "packages/server/src/services/check/members.test.ts",
  "packages/server/src/services/decoys.test.ts",
  "packages/server/src/services/mail/letters.test.ts",
]);

function isOfAllEngines(file) {
  return (
    file.startsWith(storeTests) &&
    !sqliteAlone.has(file) &&
    makesStore.test(readFileSync(join(root, file), "utf8"))
  );
}

/**
 * The runs of test files: each with its engine, `null` where that is no matter, and with how it is called.
 *
 * @param {string[]} files
 * @param {Record<string, string | undefined>} env may name one engine, on which alone the files of stores then run, and
 *   nothing else
 * @returns {{ runs: { file: string, engine: string | null, label: string }[], missing: { engine: string, count: number }[] }}
 *   without those of an engine that has no server here, which are counted instead
 */
export function runsOf(files, env) {
  const only = env["PSTORE_TEST_ENGINE"];
  if (only !== undefined && !engines.includes(only))
    throw new Failure(`PSTORE_TEST_ENGINE is '${only}'; the engines are ${engines.join(", ")}.`);
  const all = files.flatMap((file) => {
    if (isOfAllEngines(file)) {
      const of = only === undefined ? engines : [only];
      return of.map((engine) => ({
        file,
        engine,
        label: engine === "sqlite" ? file : `${file} on ${engine}`,
      }));
    }
    return only === undefined ? [{ file, engine: null, label: file }] : [];
  });
  const isMissing = ({ engine }) =>
    only === undefined && Object.hasOwn(servers, engine ?? "") && !env[servers[engine]];
  const missing = Object.keys(servers).map((name) => ({
    engine: name,
    count: all.filter((one) => one.engine === name && isMissing(one)).length,
  }));
  return { runs: all.filter((one) => !isMissing(one)), missing: missing.filter(({ count }) => count > 0) };
}
