// What a hostile server can do to a machine's history as --history lists it: every line is vouched for by the newest
// revision's signature, or nothing is listed.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { History, ObjectDetail, Revision } from "@pstore/core/api/schemas";
import { digestOf } from "@pstore/core/digest";
import { encodeManifest, type Manifest, parseManifest } from "@pstore/core/manifest";
import {
  type Attack,
  all,
  answerJson,
  giveObject,
  keyOf,
  memberOf,
  onJson,
  Scene,
  signedBy,
  the,
} from "../support/hostile.ts";
import type { User } from "../support/team.ts";

let scene: Scene;
let walter: User;
let joe: User;
/** The machine that is asked about, and another. */
let name: string;
let other: string;

beforeAll(async () => {
  scene = await Scene.make("walter", "joe");
  [walter, joe] = scene.users("walter", "joe");
  name = await machine();
  other = await machine();
}, 60_000);
afterAll(() => scene.dispose());

const onHistory = (alter: (revisions: Revision[]) => unknown): Attack =>
  onJson<History>(/\/history$/, (answer) => {
    answer.revisions = (alter(answer.revisions) as Revision[] | undefined) ?? answer.revisions;
  });

/** A machine of walter's and joe's with five revisions. */
async function machine(): Promise<string> {
  const name = await scene.machine(walter, { with: ["joe"], secrets: { a: "1", b: "2" } });
  await scene.does(joe, ["-ps", name, "c", "--yes"], "3");
  await scene.does(walter, ["-ps", name, "d"], "4");
  return name;
}

/** A command that lists, and one that builds on what it lists. */
async function refuses(attack: Attack, says: RegExp): Promise<void> {
  await scene.refuses(walter, [name, "--history"], { attack, says });
  await scene.refuses(walter, [name, "--history", "a"], { attack, says });
  await scene.refuses(walter, [name, "--history"], { attack, says, env: scene.newcomer(walter) });
}

const altered = (revision: Revision, change: Partial<Manifest>): Revision => ({
  ...revision,
  manifest: encodeManifest({ ...parseManifest(revision.manifest), ...change }),
});

describe("nothing is listed when the history", () => {
  const broken =
    /the history that the server gives of '[^']+' does not lead to its newest revision: revision \d+ /;
  const cases: [string, (revisions: Revision[]) => unknown, RegExp][] = [
    ["lacks its first revision", (all) => all.slice(1), broken],
    ["lacks one in the middle", (all) => all.toSpliced(2, 1), broken],
    ["lacks the one before the newest", (all) => all.slice(0, -1), broken],
    ["is empty", () => [], broken],
    ["stands in another order", (all) => all.toReversed(), broken],
    ["tells a revision twice", (all) => all.toSpliced(1, 0, the(all[1])), broken],
    ["has one more", (all) => [...all, the(all.at(-1))], broken],
    [
      "names another author",
      (all) => all.with(1, altered(the(all[1]), { author: { user: "joe", key: keyOf(joe) } })),
      broken,
    ],
    [
      "says another time",
      (all) => all.with(1, altered(the(all[1]), { time: "2026-01-01T00:00:00Z" })),
      broken,
    ],
    ["begins otherwise", (all) => all.with(0, altered(the(all[0]), { properties: new Map() })), broken],
    ["is another machine's for a while", (all) => all.with(2, scene.revision(other, 3)), broken],
    ["holds what is no manifest", (all) => all.with(1, { ...the(all[1]), manifest: "{}" }), /cannot be used/],
  ];

  test.each(cases)("%s", async (_, alter, says) => {
    await refuses(onHistory(alter), says);
  });
});

test("the answer may come in any pieces", async () => {
  const honest = (await scene.does(walter, [name, "--history"])).text;
  const pieces = await scene.under(
    onHistory((revisions) => revisions.slice(0, 1)),
    walter,
    [name, "--history"],
  );
  expect(pieces).toMatchObject({ code: 0, text: honest });
});

test("a member in league with the server cannot sign a past in which another did what they had no right to", async () => {
  const { members, ...second } = scene.manifest(name, 2);
  const withoutJoe = new Map([...members].filter(([user]) => user !== "joe"));
  const { manifest: text } = await signedBy(walter, { ...second, members: withoutJoe });
  // joe acts in revision 3, although revision 2 took their access.
  const third = {
    ...scene.manifest(name, 3),
    previous: digestOf(text),
    author: { user: "joe", key: keyOf(joe) },
  };
  const newest = await signedBy(walter, {
    ...third,
    revision: 4,
    previous: digestOf(encodeManifest(third)),
    author: { user: "walter", key: keyOf(walter) },
    members: new Map([...withoutJoe, ...memberOf(joe)]),
  });
  await scene.does(walter, [name]);
  const detail = { ...scene.server.detail(name), revision: newest };
  const first = scene.revision(name, 1);
  const past = [first, { ...first, manifest: text }, { ...first, manifest: encodeManifest(third) }];
  await scene.refuses(walter, [name, "--history"], {
    attack: all(
      giveObject(detail),
      onHistory(() => past),
    ),
    says: /revision 3 was made by joe with a key that had no write access before/,
    env: scene.newcomer(walter),
  });
});

test("nor a first revision by somebody who is no writer in it", async () => {
  const first = scene.manifest(name, 1);
  const forged = encodeManifest({ ...first, author: { user: "joe", key: `openpgp:${"0".repeat(40)}` } });
  const newest = await signedBy(walter, { ...scene.manifest(name, 2), previous: digestOf(forged) });
  await scene.does(walter, [name]);
  await scene.refuses(walter, [name, "--history"], {
    attack: all(
      giveObject({ ...scene.server.detail(name), revision: newest }),
      onHistory(() => [{ ...scene.revision(name, 1), manifest: forged }]),
    ),
    says: /revision 1 was made by joe, who is no writer in it/,
    env: scene.newcomer(walter),
  });
});

test("what is no longer kept is not marked as such", async () => {
  const attack = onJson(/\/kept$/, () => ({ values: [] }));
  await scene.does(walter, [name, "-pe", "a"], "new");
  const marks = (text: string) => text.match(/^\*/gm)?.length ?? 0;
  expect(marks((await scene.does(walter, [name, "--history", "a"])).text)).toBe(1);
  const { code, text, stderr } = await scene.under(attack, walter, [name, "--history", "a"]);
  expect({ code, marks: marks(text), stderr }).toEqual({ code: 0, marks: 0, stderr: "" });
});

test("5,000 revisions cost one signature", async () => {
  await scene.does(walter, [name]);
  const first = scene.revision(name, 1);
  // None but the newest is signed: their own signatures are of another commit.
  const revisions: Revision[] = [first];
  let before = scene.manifest(name, 1);
  for (let revision = 2; revision < 5000; revision++) {
    const properties = new Map(before.properties);
    properties.set(revision % 2 === 0 ? "even" : "odd", {
      kind: "public",
      digest: digestOf(`${revision}`),
      size: 4,
      revision,
    });
    before = { ...before, revision, previous: digestOf(the(revisions.at(-1)).manifest), properties };
    revisions.push({ ...first, manifest: encodeManifest(before) });
  }
  const last = { ...before, revision: 5000, previous: digestOf(the(revisions.at(-1)).manifest) };
  const detail: ObjectDetail = { ...scene.server.detail(name), revision: await signedBy(walter, last) };
  const attack: Attack = all(giveObject(detail), (given, { endpoint, query }) => {
    if (!endpoint.endsWith("/history")) return;
    const [from, to] = [Number(query.get("from")), Number(query.get("to"))];
    answerJson(given, { revisions: revisions.slice(from - 1, to) });
  });
  const sent = scene.server.sent.length;
  const { code, text } = await scene.under(attack, walter, [name, "--history"], {
    env: scene.newcomer(walter),
  });
  const lines = text.trimEnd().split("\n");
  expect([code, lines.length]).toEqual([0, 5002]);
  expect(lines[2501]).toMatch(/^ {6}2500 {2}\S+ walter {7}set even$/);
  const asked = scene.server.sent.slice(sent).filter(({ endpoint }) => endpoint.endsWith("/history"));
  expect(asked).toHaveLength(5);
});
