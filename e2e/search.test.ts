// -s finds properties by their names and public values; what it prints is what the verified machines say.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Details, SearchAnswer } from "@pstore/core/api/schemas";
import { type Attack, answerJson, onJson, onObject, Scene } from "./support/hostile.ts";
import type { User } from "./support/team.ts";

let scene: Scene;
let walter: User;
let joe: User;
let boss: User;

beforeAll(async () => {
  scene = await Scene.make("walter", "joe", { name: "boss", flags: ["--view-any"] });
  [walter, joe, boss] = scene.users("walter", "joe", "boss");
  await scene.does(walter, ["-c", "web1.example.com", "+joe"], "zürich");
  await scene.does(walter, ["web1.example.com", "-ps", "site"], "ZÜRICH, Rack 5");
  await scene.does(walter, ["web1.example.com", "-ps", "ip-address"], "192.0.2.7");
  await scene.does(walter, ["web1.example.com", "-ps", "note"], "100% of\na_b in Zürich\n");
  await scene.does(walter, ["-c", "a-machine-with-a-name-longer-than-its-column"], "x");
  await scene.does(walter, ["a-machine-with-a-name-longer-than-its-column", "-ps", "site"], "Zu\u0308rich");
  await scene.does(
    walter,
    ["a-machine-with-a-name-longer-than-its-column", "-ps", "list"],
    "Zürich\n".repeat(500),
  );
  await scene.does(
    walter,
    ["a-machine-with-a-name-longer-than-its-column", "-ps", "dump"],
    Buffer.from("\xff zurich", "latin1"),
  );
  await scene.does(joe, ["-c", "joes"], "x");
  await scene.does(joe, ["joes", "-ps", "site"], "Zürich");
}, 60_000);
afterAll(() => scene.dispose());

const search = async (user: User, ...args: readonly string[]) =>
  (await scene.does(user, ["-s", ...args])).text;

/** A search that finds nothing: exit 1, a sentence, and nothing on stdout. */
async function findsNothing(user: User, ...args: readonly string[]): Promise<string> {
  const { code, text, stderr } = await user.pstore(["-s", ...args]);
  expect({ args, code, text }).toEqual({ args, code: 1, text: "" });
  return stderr;
}

describe("-s", () => {
  test("finds VALUE in public values, whatever the case, and lays values out as a show does", async () => {
    expect(await search(walter, "zürich")).toBe(`\
a-machine-with-a-name-longer-than-its-column list = (4000 byte document)
a-machine-with-a-name-longer-than-its-column site = Zu\u0308rich
web1.example.com          note = \\
 | 100% of
 | a_b in Zürich
web1.example.com          site = ZÜRICH, Rack 5
`);
  });

  test("finds KEY= in names, also of what is encrypted or no text", async () => {
    expect(await search(walter, "S=")).toBe(`\
a-machine-with-a-name-longer-than-its-column list = (4000 byte document)
a-machine-with-a-name-longer-than-its-column password = (256 byte encrypted)
a-machine-with-a-name-longer-than-its-column site = Zu\u0308rich
web1.example.com          ip-address = 192.0.2.7
web1.example.com          password = (256 byte encrypted)
web1.example.com          site = ZÜRICH, Rack 5
`);
    expect(await search(walter, "Dump=")).toBe(
      "a-machine-with-a-name-longer-than-its-column dump = (8 byte document)\n",
    );
  });

  test("finds with KEY=VALUE what has both; the first = divides, and with nothing before it, VALUE alone counts", async () => {
    const site = "web1.example.com          site = ZÜRICH, Rack 5\n";
    expect(await search(walter, "site=rack")).toBe(site);
    expect(await search(walter, "=RACK")).toBe(site);
    expect(await findsNothing(walter, "site=192")).toContain("fits 'site=192'");
    await scene.does(walter, ["web1.example.com", "-ps", "options"], "a=b");
    expect(await search(walter, "opt=A=B")).toBe("web1.example.com          options = a=b\n");
    expect(await findsNothing(walter, "a=b")).toContain("fits 'a=b'");
  });

  test("takes every character for itself", async () => {
    const note = expect.stringContaining("note");
    expect(await search(walter, "100%")).toEqual(note);
    expect(await search(walter, "a_b")).toEqual(note);
    await findsNothing(walter, "a%b");
    await findsNothing(walter, "1__%");
    await findsNothing(walter, "192\\.0");
  });

  test("looks into one's own machines, never into a secret", async () => {
    expect(await search(joe, "zürich")).toBe(`\
joes                      site = Zürich
web1.example.com          note = \\
 | 100% of
 | a_b in Zürich
web1.example.com          site = ZÜRICH, Rack 5
`);
    await findsNothing(walter, "password=zürich");
  });

  test("says where nothing is found, or nothing is searched for", async () => {
    expect(await findsNothing(walter, "nowhere")).toBe(
      "error: no property of your machines fits 'nowhere'; KEY= searches names, VALUE public values\n",
    );
    for (const nothing of ["", "="]) {
      const { code, text, stderr } = await walter.pstore(["-s", nothing]);
      expect({ code, text, stderr }).toEqual({
        code: 2,
        text: "",
        stderr: "error: -s takes what to search for: KEY=, VALUE or KEY=VALUE\n",
      });
    }
    expect((await walter.pstore(["-s"])).stderr).toBe("error: -s lacks its argument [KEY=][VALUE]\n");
    expect((await walter.pstore(["web1.example.com", "-s", "x"])).code).toBe(2);
  });

  test("as JSON holds the values as they are", async () => {
    expect(JSON.parse(await search(walter, "note=", "--json"))).toEqual([
      {
        machine: "web1.example.com",
        property: "note",
        kind: "public",
        size: 23,
        value: "100% of\na_b in Zürich\n",
      },
    ]);
    expect(JSON.parse(await search(walter, "dump=", "--json"))).toMatchObject([{ base64: "/yB6dXJpY2g=" }]);
    expect(JSON.parse(await search(walter, "pass=", "--json"))[0]).toEqual({
      machine: "a-machine-with-a-name-longer-than-its-column",
      property: "password",
      kind: "encrypted",
      size: 256,
    });
  });

  test("with -a finds names everywhere for privileged users, and no values of others", async () => {
    expect(await search(boss, "sit=", "-a")).toBe(`\
a-machine-with-a-name-longer-than-its-column site = (8 byte document)
joes                      site = (7 byte document)
web1.example.com          site = (15 byte document)
`);
    await findsNothing(boss, "zürich", "-a");
    await findsNothing(boss, "sit=");
    expect(await findsNothing(joe, "sit=", "-a")).toContain("only a user with the right to view any machine");
  });

  test("warns when there is more than the server looked up", async () => {
    const attack = onJson<SearchAnswer>("/search", (answer) => ({ ...answer, more: true }));
    const { code, text, stderr } = await scene.under(attack, walter, ["-s", "rack"]);
    expect({ code, text }).toEqual({ code: 0, text: "web1.example.com          site = ZÜRICH, Rack 5\n" });
    expect(stderr).toBe(
      "WARNING: more fits 'rack' than is shown; narrow the search, with KEY=VALUE or a longer text\n",
    );
  });

  test("at a terminal shows what would act upon it as what it is", async () => {
    await scene.does(walter, ["web1.example.com", "-ps", "escape"], "\u001b[2Jgone");
    const { output } = await walter.terminal(["-s", "escape="]).exit;
    expect(output).toBe("web1.example.com          escape = \\u{1b}[2Jgone\r\n");
    expect(await search(walter, "escape=")).toBe("web1.example.com          escape = \u001b[2Jgone\n");
  });
});

describe("what the server finds is a hint", () => {
  const finds = (...found: SearchAnswer["found"]) =>
    onJson<SearchAnswer>("/search", (answer) => ({ ...answer, found }));
  const site = { name: "web1.example.com", property: "site" };
  const shown = "web1.example.com          site = ZÜRICH, Rack 5\n";

  test.each([
    ["a machine that there is not", { name: "nowhere", property: "site" }],
    ["a machine of another's", { name: "joes", property: "site" }],
    ["a property that there is not", { name: "web1.example.com", property: "nothing" }],
    ["a value without the text", { name: "web1.example.com", property: "ip-address" }],
    ["a secret", { name: "web1.example.com", property: "password" }],
    ["something twice", site],
  ])("so it is ignored that it found %s", async (_, hint) => {
    const { code, text, stderr } = await scene.under(finds(hint, site), walter, ["-s", "zürich"]);
    expect({ code, text, stderr }).toEqual({ code: 0, text: shown, stderr: "" });
    if (hint === site) return;
    const alone = await scene.under(finds(hint), walter, ["-s", "zürich"]);
    expect({ code: alone.code, text: alone.text }).toEqual({ code: 1, text: "" });
  });

  test("and a name without the text is ignored too", async () => {
    const { text } = await scene.under(finds(site, { ...site, property: "note" }), walter, ["-s", "it="]);
    expect(text).toBe(shown);
  });

  test("and it stands in the order of the names, whatever the server's", async () => {
    const note = { ...site, property: "note" };
    const { text } = await scene.under(finds(site, note), walter, ["-s", "t="]);
    expect(text.indexOf("note = ")).toBeLessThan(text.indexOf("site = "));
  });

  test("an altered value is refused", async () => {
    const bytes = Buffer.from("zürich, my rack").toString("base64");
    const attack = onJson<{ objects: { values: { property: string; bytes: string }[] }[] }>(
      "/details",
      ({ objects }) => {
        for (const value of objects.flatMap(({ values }) => values))
          if (value.property === "site") value.bytes = bytes;
      },
    );
    const says = /the bytes that the server gave for 'site' of '[^']+' are not those that were signed/;
    await scene.refuses(walter, ["-s", "site=zürich"], { attack, says });
  });

  test("and an old machine, or another's under its name, is not believed here either", async () => {
    await scene.does(walter, ["web1.example.com"]);
    const old = scene.server.detail("web1.example.com");
    await scene.does(walter, ["web1.example.com", "-ps", "site"], "elsewhere");
    const attack = onObject(() => old);
    const details: typeof attack = (given, sent) => {
      attack(given, sent);
      if (sent.endpoint === "/details") answerJson(given, { objects: [old], users: [] });
    };
    await scene.refuses(walter, ["-s", "site=else"], { attack: details, says: /has already seen revision/ });
  });

  test("nor is the signature under one machine taken for that under another, where several are read together", async () => {
    const [first, second] = ["signed1", "signed2"];
    for (const name of [first, second]) {
      await scene.does(walter, ["-c", name], "x");
      await scene.does(walter, [name, "-ps", "twin"], "x");
    }
    const attack = onJson<Details>("/details", ({ objects }) => {
      const [one, other] = objects.map(({ revision }) => revision);
      if (one !== undefined && other !== undefined) other.signature = one.signature;
    });
    const env = scene.newcomer(walter);
    await scene.refuses(walter, ["-s", "twin="], {
      attack,
      says: /the signature of revision 2 of 'signed2'/,
      env,
    });
  });

  test("nor is an older revision believed beside a newer one of the same machine", async () => {
    const [old, now] = ["twice-old", "twice-new"];
    await scene.does(walter, ["-c", old], "x");
    await scene.does(walter, [old, "-ps", "only-here"], "x");
    await scene.does(walter, [old]);
    const before = scene.server.detail(old);
    await scene.does(walter, [old, "--rename", now]);
    const attack: Attack = (given, sent) => {
      const isOld = sent.endpoint === "/object" && sent.query.get("name") === old;
      if (isOld) answerJson(given, before);
      if (sent.endpoint === "/search") {
        const found = [old, now].map((name) => ({ name, property: "only-here" }));
        answerJson(given, { found, more: false });
      }
      if (sent.endpoint === "/details") {
        const { objects, users } = JSON.parse(given.body.toString()) as Details;
        answerJson(given, { objects: [...objects, before], users });
      }
    };
    const env = scene.newcomer(walter);
    const says = /gave revision 2 of 'twice-old', but this client has already seen revision 3/;
    await scene.refuses(walter, ["-s", "only-here="], { attack, says, env });
  });
});
