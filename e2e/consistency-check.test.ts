// --consistency-check has the server look for faults, and prints each with its solution.
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Attack, answerJson, Scene } from "./support/hostile.ts";
import type { User } from "./support/team.ts";

let scene: Scene;
let walter: User;
let boss: User;

beforeAll(async () => {
  scene = await Scene.make("walter", { name: "boss", flags: ["--view-any"] });
  [walter, boss] = scene.users("walter", "boss");
  await scene.does(walter, ["-c", "web1"], "secret");
  // What a client says at first sight of a store is said.
  await boss.pstore([]);
}, 60_000);
afterAll(() => scene.dispose());

test("finds nothing in a store that is well", async () => {
  expect(await boss.pstore(["--consistency-check"])).toMatchObject({
    code: 0,
    text: "",
    stderr: "NOTICE: the server found no faults\n",
  });
  expect((await boss.pstore(["--consistency-check", "--json"])).text).toBe('{\n  "faults": []\n}\n');
});

test("is for privileged users", async () => {
  expect(await walter.pstore(["--consistency-check"])).toMatchObject({
    code: 1,
    text: "",
    stderr: expect.stringContaining("error: only staff and users with the right to view any machine"),
  });
});

test("prints each fault with its solution, and fails", async () => {
  const db = new Database(scene.team.server.database);
  db.run("DELETE FROM wrapped_keys");
  db.close();
  const { code, text, stderr } = await boss.pstore(["--consistency-check"]);
  expect({ code, stderr }).toEqual({ code: 1, stderr: "NOTICE: the server found 1 fault\n" });
  expect(text).toMatch(
    /^wrapped key: web1: 'password' is not wrapped to walter's reading key openpgp:[0-9A-F]{40}\n {2}solution: [^\n]*pstore web1 [^\n]+\n$/,
  );
  const json = await boss.pstore(["--consistency-check", "--json"]);
  expect(json.code).toBe(1);
  const { faults } = JSON.parse(json.text);
  expect(faults).toHaveLength(1);
  expect(Object.keys(faults[0]).sort()).toEqual(["fault", "kind", "solution", "where"]);
});

test("lets a server forge no line, nor act upon a terminal", async () => {
  const fault = { kind: "a", where: "b\nc: d", fault: "\u001b[2J", solution: "é" };
  const attack: Attack = (given, sent) => {
    if (sent.endpoint === "/check") answerJson(given, { faults: [fault, fault] });
  };
  const { code, text, stderr } = await scene.under(attack, boss, ["--consistency-check"]);
  const lines = "a: b\\u{a}c: d: \\u{1b}[2J\n  solution: \\u{e9}\n";
  expect({ code, text, stderr }).toEqual({
    code: 1,
    text: lines + lines,
    stderr: "NOTICE: the server found 2 faults\n",
  });
});
