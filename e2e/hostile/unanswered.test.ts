// A change that was sent but not answered: it is told, sent again as it was, and stored once.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { CommitAnswer } from "@pstore/core/api/schemas";
import { type Attack, onJson, Scene } from "../support/hostile.ts";
import type { User } from "../support/team.ts";

const { secret } = Scene;

let scene: Scene;
let walter: User;
let joe: User;

beforeAll(async () => {
  scene = await Scene.make("walter", "joe");
  [walter, joe] = scene.users("walter", "joe");
});
afterAll(() => scene.dispose());

/** The server applies what it gets, and its answer never arrives. */
const dropAnswers: Attack = (given, sent) => {
  if (sent.endpoint === "/commits") given.cut = "before";
};

const revisionOf = (name: string) =>
  scene.database<{ n: number; newest: number }>(
    `SELECT count(*) n, max(revisions.revision) newest FROM revisions JOIN objects ON objects.id = object_id
     WHERE objects.name = ?`,
    name,
  );

const notAnswered = /the change was sent but not answered: the next pstore command sends it again first/;
const again = "NOTICE: a change that was not answered before is now stored\n";

describe("a commit that was not answered", () => {
  test("is told, sent again with the same bytes by the next command, and applied once", async () => {
    const name = await scene.machine(walter);
    const before = scene.server.commits.length;
    const lost = await scene.under(dropAnswers, walter, [name, "-pe", "a"], { stdin: `${secret} a` });
    expect(lost).toMatchObject({ code: 1, text: "" });
    expect(lost.stderr).toMatch(notAnswered);
    const next = await walter.pstore([name, "-pg", "a"]);
    expect(next).toMatchObject({ code: 0, text: `${secret} a`, stderr: again });
    const sent = scene.server.commits.slice(before);
    expect(sent.length).toBeGreaterThanOrEqual(2);
    expect(new Set(sent).size).toBe(1);
    expect(revisionOf(name)).toEqual([{ n: 2, newest: 2 }]);
    // And only once.
    expect(await walter.pstore([name, "-pg", "a"])).toMatchObject({ code: 0, stderr: "" });
    expect(scene.server.commits.slice(before)).toEqual(sent);
  });

  test("stays kept as long as nothing answers", async () => {
    const name = await scene.machine(walter);
    await scene.under(dropAnswers, walter, [name, "-pe", "a"], { stdin: `${secret} a` });
    for (let tries = 0; tries < 2; tries++) {
      const { code, text } = await scene.under(dropAnswers, walter, [name, "-pg", "a"]);
      expect({ code, text }).toEqual({ code: 1, text: "" });
    }
    expect(await walter.pstore([name, "-pg", "a"])).toMatchObject({
      code: 0,
      text: `${secret} a`,
      stderr: again,
    });
    expect(revisionOf(name)).toEqual([{ n: 2, newest: 2 }]);
  });

  test("is also sent again when the server never got it, or answers with 502 or a page", async () => {
    for (const [index, spoil] of (
      [
        (given) => {
          given.status = 502;
        },
        (given) => {
          given.body = Buffer.from("<html>Bad gateway</html>");
        },
        (given) => {
          given.cut = "after";
          given.body = given.body.subarray(0, 10);
        },
      ] satisfies ((given: Parameters<Attack>[0]) => void)[]
    ).entries()) {
      const name = await scene.machine(walter);
      const attack: Attack = (given, sent) => {
        if (sent.endpoint === "/commits") spoil(given);
      };
      const lost = await scene.under(attack, walter, [name, "-pe", "a"], { stdin: `${secret} a` });
      expect({ index, code: lost.code, stderr: lost.stderr }).toEqual({
        index,
        code: 1,
        stderr: expect.stringMatching(notAnswered),
      });
      expect(await walter.pstore([name, "-pg", "a"])).toMatchObject({
        code: 0,
        text: `${secret} a`,
        stderr: again,
      });
    }
    const name = await scene.machine(walter);
    const { target } = scene.server;
    const unreached: Attack = (_, sent) => {
      // From the commit on, nothing reaches the real server.
      if (sent.endpoint === "/object") scene.server.target = "http://127.0.0.1:1";
    };
    const lost = await scene.under(unreached, walter, [name, "-pe", "a"], { stdin: `${secret} a` });
    scene.server.target = target;
    expect(lost.stderr).toMatch(notAnswered);
    expect(revisionOf(name)).toEqual([{ n: 1, newest: 1 }]);
    expect(await walter.pstore([name, "-pg", "a"])).toMatchObject({
      code: 0,
      text: `${secret} a`,
      stderr: again,
    });
    expect(revisionOf(name)).toEqual([{ n: 2, newest: 2 }]);
  });

  test("that somebody else has overtaken is given up with a warning, and nothing of theirs is lost", async () => {
    const name = await scene.machine(walter, { with: ["joe"] });
    const { target } = scene.server;
    const unreached: Attack = (_, sent) => {
      if (sent.endpoint === "/object") scene.server.target = "http://127.0.0.1:1";
    };
    await scene.under(unreached, walter, [name, "-pe", "a"], { stdin: `${secret} of walter` });
    scene.server.target = target;
    await scene.does(joe, [name, "-pe", "a", "--yes"], `${secret} of joe`);
    const next = await walter.pstore([name, "-pg", "a"]);
    expect(next).toMatchObject({ code: 0, text: `${secret} of joe` });
    expect(next.stderr).toMatch(
      /^WARNING: a change that was not answered before was not stored: .*changed by joe/,
    );
    expect(await walter.pstore([name, "-pg", "a"])).toMatchObject({ code: 0, stderr: "" });
  });

  test("is not called stored when the server, asked again, answers with something else", async () => {
    const name = await scene.machine(walter);
    await scene.under(dropAnswers, walter, [name, "-pe", "a"], { stdin: `${secret} a` });
    const nothing = onJson<CommitAnswer>("/commits", () => ({ revisions: [] }));
    const next = await scene.under(nothing, walter, [name, "-pg", "a"]);
    expect(next.stderr).toMatch(
      /^WARNING: the server does not confirm a change that was not answered before;/,
    );
  });

  test("is kept without the secret in clear", async () => {
    const name = await scene.machine(walter);
    await scene.under(dropAnswers, walter, [name, "-pe", "a"], { stdin: `${secret} kept` });
    const kept = scene.server.commits.at(-1) ?? "";
    expect(kept).not.toContain(secret);
    expect(kept).not.toContain(Buffer.from(`${secret} kept`).toString("base64"));
    await scene.does(walter, [name, "-pg", "a"]);
  });
});
