// --offboard: who leaves is revoked everywhere with one signature, and what they know is listed, to be changed first.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { all, answerJson, hide, onJson, Scene } from "./support/hostile.ts";
import type { User } from "./support/team.ts";

let scene: Scene;
let walter: User;
let alex: User;
let ann: User;
let boss: User;

const rule = "-".repeat(72);
const today = () => new Date().toISOString().slice(0, 10);

/** Each test has somebody else who leaves: with a machine whose password they have read, and one where they could. */
async function leaver(name: string): Promise<User> {
  const joe = await scene.add(name);
  await scene.does(walter, ["-c", `${name}-read`, `+${name}`], "1");
  await scene.does(walter, ["-c", `${name}-could`, `+${name}`, "+alex"], "2");
  await scene.does(joe, [`${name}-read`]);
  return joe;
}

/** The same, who was on a third machine too, until before its last secret. */
async function formerMember(name: string): Promise<User> {
  const joe = await leaver(name);
  await scene.does(walter, [`${name}-could`, "-ps", "ip"], "1.2.3.4");
  await scene.does(walter, [`${name}-read`, "-pe", "later"], "6");
  await scene.does(walter, ["-c", `${name}-was`, `+${name}`], "3");
  await scene.does(walter, [`${name}-was`, "-pe", "old"], "4");
  await scene.does(walter, [`${name}-was`, "-pe", "new", `^${name}`], "5");
  return joe;
}

beforeAll(async () => {
  scene = await Scene.make("walter", "alex", "ann", { name: "boss", flags: ["--view-any"] });
  [walter, alex, ann, boss] = scene.users("walter", "alex", "ann", "boss");
  await scene.does(walter, ["-c", "never"], "x");
  await scene.does(alex, ["-c", "alex"], "x");
}, 60_000);
afterAll(() => scene.dispose());

/** The lines of stderr but for what a client says at first sight. */
const told = (stderr: string) => stderr.split("\n").filter((line) => line !== "" && !line.includes("first "));

const membersOf = async (user: User, machine: string) =>
  (
    JSON.parse((await scene.does(user, [machine, "--json"])).text) as { members: { user: string }[] }
  ).members.map((member) => member.user);

describe("--offboard", () => {
  test("shows where, asks, revokes everywhere with one commit, and lists what is known, the certain first", async () => {
    await formerMember("joe");
    const before = scene.server.commits.length;
    const terminal = walter.terminal(["--offboard", "joe"]);
    await terminal.waitFor("Revoke joe from these 2 machines? [y/N] ");
    expect(scene.server.commits.slice(before)).toEqual([]);
    terminal.type("y\r");
    const { code, output } = await terminal.exit;
    expect(code).toBe(0);
    expect(output.replaceAll("\r\n", "\n")).toBe(`\
  Machine                   User access
${rule}
+ joe-could                 alex, joe, walter
+ joe-read                  joe, walter
Revoke joe from these 2 machines? [y/N] y
NOTICE: 2 machines changed
NOTICE: joe still knows the present values of 2 machines until they are changed
Machine                   Secret                    By joe
${rule}
joe-read                  password                  read ${today()}
joe-could                 password                  could read
joe-read                  later                     could read
joe-was                   old                       could read
joe-was                   password                  could read
NOTICE: change what joe knows, from the top: pstore -P MACHINE, or pstore MACHINE -pe PROPERTY
NOTICE: machines that you do not see are listed by pstore-server user show joe
NOTICE: joe can still sign in: have an admin run pstore-server user disable joe
`);
    const [commit, ...more] = scene.server.commits.slice(before);
    expect(more).toEqual([]);
    expect(JSON.parse(commit ?? "").changes).toHaveLength(2);
    for (const name of ["joe-read", "joe-could"]) expect(await membersOf(walter, name)).not.toContain("joe");
    expect((await scene.user("joe").pstore(["joe-read"])).code).toBe(1);
  });

  test("again, has nothing to revoke, and lists what is not changed yet", async () => {
    await scene.does(walter, ["-P", "joe-read"], "changed");
    await scene.does(walter, ["joe-was", "-pe", "old"], "changed");
    const { code, text, stderr } = await walter.pstore(["--offboard", "joe"]);
    expect({ code, text, told: told(stderr) }).toEqual({
      code: 0,
      text: `\
Machine                   Secret                    By joe
${rule}
joe-could                 password                  could read
joe-read                  later                     could read
joe-was                   password                  could read
`,
      told: [
        "NOTICE: joe has access to no machine that you see",
        expect.stringContaining("NOTICE: change what joe knows"),
        expect.stringContaining("NOTICE: machines that you do not see"),
        expect.stringContaining("NOTICE: joe can still sign in"),
      ],
    });
    await scene.does(walter, ["-P", "joe-could"], "changed");
    await scene.does(walter, ["joe-read", "-pd", "later", "--yes"]);
    await scene.does(walter, ["-D", "joe-was", "--yes"]);
    await scene.team.server.command(["user", "disable", "joe"]);
    const done = await walter.pstore(["--offboard", "joe"]);
    expect({ code: done.code, text: done.text, told: told(done.stderr) }).toEqual({
      code: 0,
      text: "",
      told: [
        "NOTICE: joe has access to no machine that you see",
        "NOTICE: joe knows no secret of the machines that you see",
        "NOTICE: machines that you do not see are listed by pstore-server user show joe",
      ],
    });
  });

  test("changes nothing when it is refused, nor without anybody to ask", async () => {
    await leaver("kim");
    const before = scene.server.commits.length;
    const terminal = walter.terminal(["--offboard", "kim"]);
    await terminal.waitFor("[y/N] ");
    terminal.type("n\r");
    const { code, output } = await terminal.exit;
    expect(code).toBe(1);
    expect(output).toEndWith("error: nothing was changed\r\n");
    const alone = await walter.pstore(["--offboard", "kim"]);
    expect({ code: alone.code, text: alone.text }).toEqual({ code: 1, text: "" });
    expect(alone.stderr).toContain("--yes");
    expect(scene.server.commits.slice(before)).toEqual([]);
    expect(await membersOf(walter, "kim-read")).toContain("kim");
  });

  test("as JSON; what the leaver has stored is known for certain too", async () => {
    const lea = await formerMember("lea");
    await scene.does(lea, ["lea-could", "-pe", "own", "--yes"], "7");
    await scene.does(walter, ["lea-read", "+alex"]);
    const { text } = await scene.does(walter, ["--offboard", "lea", "--yes", "--json"]);
    const answer = JSON.parse(text) as { secrets: { last: string | null }[] };
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(answer).toEqual({
      user: "lea",
      revoked: ["lea-could", "lea-read"],
      remaining: [],
      unseen: [],
      secrets: [
        { machine: "lea-could", property: "own", how: "set", last: time },
        { machine: "lea-read", property: "password", how: "read", last: time },
        { machine: "lea-could", property: "password", how: "could-read", last: null },
        { machine: "lea-read", property: "later", how: "could-read", last: null },
        { machine: "lea-was", property: "old", how: "could-read", last: null },
        { machine: "lea-was", property: "password", how: "could-read", last: null },
      ],
    } as never);
  });

  test("names the machines where somebody else must do it, or nobody else can, and then fails", async () => {
    const max = await scene.add("max");
    await scene.does(ann, ["-c", "anns", "+max", "+walter:read", "--yes"], "a");
    await scene.does(max, ["-c", "shown", "+walter:read", "--yes"], "b");
    await scene.does(max, ["-c", "alone"], "c");
    await scene.does(walter, ["-c", "mine", "+max"], "d");
    const { code, text, stderr } = await walter.pstore(["--offboard", "max", "--yes"]);
    expect({ code, warnings: stderr.split("\n").filter((line) => line.startsWith("WARNING: ")) }).toEqual({
      code: 1,
      warnings: [
        "WARNING: max keeps access to 'anns', where you cannot revoke them: have ann run pstore --offboard max",
        "WARNING: nobody but max can change 'shown': have max let a colleague in before their key is gone (pstore MACHINE +COLLEAGUE); you can read, and so store it anew under another name",
      ],
    });
    expect(text).toContain(`shown                     password                  set ${today()}\n`);
    expect(text).toContain("anns                      password                  could read\n");
    expect(await membersOf(walter, "mine")).toEqual(["walter"]);
    expect((await walter.pstore(["--offboard", "max", "--yes"])).stderr).toContain(
      "NOTICE: nothing was changed: you cannot revoke max from any machine that they have access to\n",
    );

    const bosses = await boss.pstore(["--offboard", "max", "-a", "--yes", "--json"]);
    expect(bosses.code).toBe(1);
    expect(bosses.stderr).toContain(
      "WARNING: nobody but max has access to 'alone': have max let a colleague in before their key is gone (pstore MACHINE +COLLEAGUE), else it is lost\n",
    );
    const { revoked, remaining, secrets } = JSON.parse(bosses.text);
    expect(revoked).toEqual([]);
    expect(remaining).toEqual([
      { machine: "alone", writers: [] },
      { machine: "anns", writers: ["ann"] },
      { machine: "shown", writers: [] },
    ]);
    const machines = (secrets as { machine: string }[]).map(({ machine }) => machine);
    expect(machines.toSorted()).toEqual(["alone", "anns", "mine", "shown"]);
  });

  test("of who waits for a key: they are revoked, and know what they could read before they waited", async () => {
    const wim = await scene.add("wim");
    await scene.does(walter, ["-c", "wim-was", "+wim", "--yes"], "1");
    await scene.does(walter, ["-c", "wim-kept", "+wim"], "2");
    await scene.team.server.command(["key", "remove", wim.fingerprint]);
    await scene.does(walter, ["--each", "wim-*", "-pe", "later", "--pending", "--yes"], "3");
    await scene.does(walter, ["-P", "wim-was"], "4");
    await scene.does(walter, ["-c", "wim-never", "+wim", "--pending"], "5");
    const before = scene.server.commits.length;
    const { code, text, stderr } = await walter.pstore(["--offboard", "wim", "--yes", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(text)).toMatchObject({
      revoked: ["wim-kept", "wim-never", "wim-was"],
      remaining: [],
      secrets: [{ machine: "wim-kept", property: "password", how: "could-read" }],
    });
    expect(stderr).toContain("+ wim-never                 walter, wim:pending\n");
    expect(stderr).toContain(
      "NOTICE: wim still knows the present values of 'wim-kept' (password) until they are changed\n",
    );
    expect(scene.server.commits).toHaveLength(before + 1);
    expect(await membersOf(walter, "wim-kept")).toEqual(["walter"]);
  });

  test("is not for oneself, nor for who is unknown", async () => {
    const own = await walter.pstore(["--offboard", "walter"]);
    expect({ code: own.code, text: own.text, stderr: own.stderr }).toEqual({
      code: 2,
      text: "",
      stderr: "error: you cannot offboard yourself; have a colleague run pstore --offboard walter\n",
    });
    const unknown = await walter.pstore(["--offboard", "nobody"]);
    expect({ code: unknown.code, text: unknown.text, stderr: unknown.stderr }).toEqual({
      code: 1,
      text: "",
      stderr: "error: the store knows no user 'nobody'\n",
    });
    expect((await ann.pstore(["--offboard", "walter", "-a"])).stderr).toContain("only a user with the right");
  });
});

describe("a hostile server", () => {
  test("cannot keep somebody in by leaving them out of its list", async () => {
    await leaver("ned");
    const attack = onJson<{ objects: { members: { user: string }[] }[] }>("/objects", ({ objects }) => {
      for (const object of objects) object.members = object.members.filter(({ user }) => user !== "ned");
    });
    const { code } = await scene.under(attack, walter, ["--offboard", "ned", "--yes"]);
    expect(code).toBe(0);
    for (const name of ["ned-read", "ned-could"]) expect(await membersOf(walter, name)).not.toContain("ned");
  });

  test("nor hide a machine that is known here without being named for it", async () => {
    await leaver("oli");
    const attack = all(
      onJson<{ objects: { name: string }[] }>("/objects", (list) => {
        list.objects = list.objects.filter(({ name }) => name !== "oli-read");
      }),
      hide(/^\/objects\/[^/]+\/history$/),
    );
    const { code, stderr } = await scene.under(attack, walter, ["--offboard", "oli", "--yes"]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      "WARNING: 'oli-read' is left out: 'oli-read' is hidden by the server, no signed deletion",
    );
    expect(await membersOf(walter, "oli-could")).not.toContain("oli");
  });

  test("nor make the rest wait by spoiling one machine", async () => {
    await leaver("pam");
    const attack = onJson<{ revision: { signature: string; manifest: string } }>("/object", (detail) => {
      detail.revision.manifest = `${detail.revision.manifest} `;
    });
    const details: typeof attack = (given, sent) => {
      attack(given, sent);
      if (sent.endpoint !== "/details" || !sent.body.includes("pam-read")) return;
      const answer = JSON.parse(given.body.toString()) as { objects: { revision: { manifest: string } }[] };
      const spoilt = answer.objects.filter(({ revision }) => !revision.manifest.includes("pam-read"));
      answerJson(given, { ...answer, objects: spoilt });
    };
    const honest = await scene.under(
      (given, sent) => {
        if (sent.endpoint === "/object" && sent.query.get("name") !== "pam-read") return;
        details(given, sent);
      },
      walter,
      ["--offboard", "pam", "--yes"],
    );
    expect(honest.code).toBe(1);
    expect(honest.stderr).toMatch(
      /^WARNING: 'pam-read' is left out: the server gave a manifest that is not in the commit/m,
    );
    expect(await membersOf(walter, "pam-could")).not.toContain("pam");
    expect(await membersOf(walter, "pam-read")).toContain("pam");
  });

  test("can name nothing as read that is not there", async () => {
    await leaver("rob");
    const attack = onJson<{ reads: object[] }>("/reads", ({ reads }) => ({
      reads: reads.flatMap((read) => [
        { ...read, property: "made-up" },
        { ...read, revision: 99 },
        { ...read, id: crypto.randomUUID(), name: "made-up" },
      ]),
    }));
    const { text } = await scene.under(attack, walter, ["--offboard", "rob", "--yes"]);
    expect(text).toContain("rob-read                  password                  could read\n");
    expect(text).not.toContain("made-up");
  });
});

test("all of it leaves a store without faults", async () => {
  const { code, text } = await scene.team.server.command(["check"]);
  expect({ code, text }).toEqual({ code: 0, text: "" });
});
