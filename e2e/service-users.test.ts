// The recipes of docs/service-users.md, run as they stand there: only the store's address is another one. What they call and
// is not ours (the deployment, ssh to a new host, ansible-playbook) is a script that notes what it was given.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFile, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readable } from "@pstore/core/fingerprint";
import { type Account, createHomeFolder } from "./support/account.ts";
import { pstore, pstoreServer } from "./support/executables.ts";
import { the } from "./support/hostile.ts";
import { type Environment, environment, type Finished, run } from "./support/process.ts";
import { addSshUser } from "./support/ssh-user.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";
import { openTerminal } from "./support/terminal.ts";

const document = join(import.meta.dir, "../docs/service-users.md");
const inDocument = "https://my.pstore.server";
const shop = "shop-db.example.com";

let team: Team;
/** Two admins. */
let walter: User;
let joe: User;
/** The programs of a host: pstore, and those that note what they were given. */
let programs: string;
/** What the latter noted. */
let notes: string;
/** Where the job's key is made. */
let workshop: string;
/** The home of the provisioning host. */
let provisioner: string;
const folders: string[] = [];

const blocks = new Map<string, string>();
const played = new Set<string>();

beforeAll(async () => {
  team = await createTeam({ users: ["walter", "joe"] });
  [walter, joe] = [team.user("walter"), team.user("joe")];
  const text = (await readFile(document, "utf8")).replaceAll(inDocument, team.server.url);
  for (const [, name, body] of text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)) blocks.set(the(name), the(body));
  [programs, notes, workshop, provisioner] = [await folder(), await folder(), await folder(), await folder()];
  await symlink(pstore, join(programs, "pstore"));
  await symlink(pstoreServer, join(programs, "pstore-server"));
  const script = (name: string, body: string) =>
    writeFile(join(programs, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  await script("ssh", `{ echo "$@"; cat; } >> ${notes}/ssh`);
  await script("ansible-playbook", `{ echo "$@"; env; } > ${notes}/ansible`);
  await does(walter, ["-c", shop, "+joe"], "first");
}, 60_000);
afterAll(async () => {
  await team?.dispose();
  for (const made of folders) await rm(made, { recursive: true, force: true });
});

async function folder(): Promise<string> {
  const made = await createHomeFolder();
  folders.push(made);
  return made;
}

/** A block of the document. */
function block(name: string): string {
  const body = blocks.get(name);
  if (body === undefined) throw new Error(`docs/service-users.md has no more block ${name}.`);
  played.add(name);
  return body;
}

interface Place {
  readonly home: string;
  /** Default: the home. */
  readonly cwd?: string;
  readonly env?: Environment;
}

const environmentOf = ({ home, env }: Place): Environment => ({
  HOME: home,
  XDG_RUNTIME_DIR: join(home, "run"),
  PATH: `${programs}:${environment()["PATH"]}`,
  PSTORE_DATABASE: `sqlite:${team.server.database}`,
  ...env,
});
const placeOf = (user: Account): Place => ({ home: user.home, env: { ...user.env, PATH: pathOfPrograms() } });
const pathOfPrograms = () => `${programs}:${environment()["PATH"]}`;

/** Runs a script in a shell. */
function plays(script: string, place: Place): Promise<Finished> {
  return run(["sh", "-c", script], { cwd: place.cwd ?? place.home, env: environmentOf(place) });
}

/** Runs a script that must succeed. */
async function succeeds(script: string, place: Place): Promise<Finished> {
  const finished = await plays(script, place);
  if (finished.code !== 0)
    throw new Error(`${script}ended with ${finished.code}: ${finished.text}${finished.stderr}`);
  return finished;
}

/** Runs a script at a terminal, and says yes to its questions. @returns what appeared */
async function confirms(script: string, place: Place, questions: number): Promise<string> {
  const terminal = openTerminal(["sh", "-c", script], {
    cwd: place.cwd ?? place.home,
    columns: 200,
    env: environmentOf(place),
  });
  for (let asked = 0; asked < questions; asked++) {
    await terminal.waitFor("[y/N] ");
    terminal.type("y\r");
  }
  const { code, output } = await terminal.exit;
  if (code !== 0) throw new Error(`${script}ended with ${code}: ${output}`);
  return output;
}

/** The script below a key of a block of YAML, in one piece or as a list. */
function scriptIn(yaml: string, key: string): string {
  const lines = yaml.split("\n");
  const start = lines.findIndex((line) => line.trimStart().startsWith(`${key}:`));
  const depth = the(lines[start]).search(/\S/);
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line.trim() !== "" && line.search(/\S/) <= depth);
  const body = end < 0 ? rest : rest.slice(0, end);
  return `${body.map((line) => line.trim().replace(/^- /, "")).join("\n")}\n`;
}

/** The checkout of a job on a runner that is new. */
async function runner(): Promise<{ readonly place: Place; readonly deployed: () => Promise<string> }> {
  const [home, cwd] = [await folder(), await folder()];
  await mkdir(join(cwd, "ci"));
  await copyFile(join(workshop, "believed/pstore/state.db"), join(cwd, "ci/state.db"));
  await writeFile(join(cwd, "ci/deploy.sh"), block("sh ci"));
  await writeFile(join(cwd, "app.conf.in"), block("text app.conf.in"));
  await writeFile(join(cwd, "deploy"), '#!/bin/sh\nprintf %s "$PASSWORD" > deployed\n', { mode: 0o755 });
  const place = { home, cwd, env: { RUNNER_TEMP: home } };
  return { place, deployed: () => readFile(join(cwd, "deployed"), "utf8").catch(() => "nothing") };
}

/** Runs the job of the document's GitLab on a new runner, with the key in a file that the runner wrote. */
async function job(key: string): Promise<Finished & { deployed: string; filled: string }> {
  const { place, deployed } = await runner();
  const identity = join(place.home, "variable");
  await writeFile(identity, await readFile(join(workshop, key)), { mode: 0o644 });
  const script = `set -e\n${scriptIn(block("yaml gitlab"), "script")}`;
  const finished = await plays(script, { ...place, env: { ...place.env, PSTORE_IDENTITY: identity } });
  const filled = await readFile(join(the(place.cwd), "app.conf"), "utf8").catch(() => "nothing");
  return { ...finished, deployed: await deployed(), filled };
}

const passwordOf = (name: string) => does(walter, [name, "-pg", "password"]);

describe("a user of a job", () => {
  test("is made with a key, whose fingerprint all show, and let in to read", async () => {
    const { text } = await succeeds(block("sh make-key"), { home: workshop });
    const fingerprint = the(/SHA256:\S+/.exec(text)?.[0]);
    const added = await succeeds(block("sh add-user"), { home: workshop });
    expect(added.text + added.stderr).toContain(fingerprint);
    const { stderr } = await succeeds(block("sh let-in"), placeOf(walter));
    expect(stderr).toContain(`first sight of ci-shop, whose key is now pinned: ${fingerprint}`);
    expect((await stat(join(workshop, "ci-shop"))).mode & 0o777).toBe(0o600);
  });

  test("believes whom a person confirms; what is kept of that is no secret", async () => {
    // Without a folder for sessions, they would lie with the state.
    const shown = await confirms(`unset XDG_RUNTIME_DIR\n${block("sh believe")}`, { home: workshop }, 1);
    expect(shown).toContain(readable(walter.key));
    const kept = await readdir(join(workshop, "believed"), { recursive: true });
    expect(kept.sort()).toEqual(["pstore", "pstore/state.db"]);
    expect(await readFile(join(workshop, "believed/pstore/state.db"), "latin1")).not.toContain("PRIVATE KEY");
  });
});

describe("a CI job", () => {
  test("gets the secret as a variable and in a file, in GitHub's way", async () => {
    const { place, deployed } = await runner();
    const key = (await readFile(join(workshop, "ci-shop"), "utf8")).trimEnd();
    const step = block("yaml github");
    expect(step).toContain("PSTORE_KEY: $" + "{{ secrets.PSTORE_KEY }}");
    const env = { ...place.env, PSTORE_KEY: key };
    const { text, stderr } = await succeeds(`set -e\n${scriptIn(step, "run")}`, { ...place, env });
    expect(text + stderr).not.toContain("first");
    expect(await deployed()).toBe("first");
    const filled = join(the(place.cwd), "app.conf");
    expect(await readFile(filled, "utf8")).toBe('user = shop\npassword = "first"\n');
    expect((await stat(filled)).mode & 0o777).toBe(0o600);
  });

  test("gets it in GitLab's way; without the chmod, the key file is refused", async () => {
    expect(await job("ci-shop")).toMatchObject({
      ...{ code: 0, deployed: "first", filled: 'user = shop\npassword = "first"\n' },
    });
    const { place, deployed } = await runner();
    const identity = join(place.home, "variable");
    await writeFile(identity, await readFile(join(workshop, "ci-shop")), { mode: 0o644 });
    const env = { ...place.env, PSTORE_IDENTITY: identity };
    const { code, stderr } = await plays("sh -e ci/deploy.sh", { ...place, env });
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/too open: chmod 600/) });
    expect(await deployed()).toBe("nothing");
  });

  test("believes nobody whom nobody has confirmed: not joe, who may write the machine", async () => {
    await does(joe, ["-P", shop, "--yes"], "of joe");
    const refused = await job("ci-shop");
    expect(refused).toMatchObject({ code: 1, deployed: "nothing", filled: "nothing" });
    expect(refused.stderr).toMatch(/joe.*pstore --trust joe/);
    await does(walter, ["-P", shop, "--yes"], "second");
    expect(await job("ci-shop")).toMatchObject({ code: 0, deployed: "second" });
  });
});

describe("Ansible", () => {
  /** The control host, whose client is the job's user. */
  async function control(): Promise<Place> {
    const { place } = await runner();
    await writeFile(
      join(place.home, ".pstorerc"),
      `--store-url=${team.server.url}\n--user=ci-shop\n--identity=${join(workshop, "ci-shop")}\n`,
      { mode: 0o600 },
    );
    return place;
  }

  /** What a lookup of the plugin `pipe` runs in a shell: text and the quoted name of a host, joined by `~`. */
  function piped(yaml: string, host = ""): string {
    const terms = the(/lookup\('ansible\.builtin\.pipe', (.*?)\) }}"/.exec(yaml)?.[1]);
    return terms
      .split(" ~ ")
      .map((term) => (term === "(inventory_hostname | quote)" ? host : the(/^'(.*)'$/.exec(term)?.[1])))
      .join("");
  }

  test("looks a value up when a task needs it, of a host by its name too", async () => {
    const place = await control();
    expect((await succeeds(piped(block("yaml ansible-lookup")), place)).text).toBe("second");
    const command = piped(block("yaml ansible-become"), shop);
    expect((await succeeds(command, place)).text).toBe("second");
  });

  test("finds the values in the environment", async () => {
    await succeeds(block("sh ansible-run"), await control());
    const [words, ...variables] = (await readFile(join(notes, "ansible"), "utf8")).split("\n");
    expect(words).toBe("site.yml");
    expect(variables).toContain("SHOP_PASSWORD=second");
  });

  test("fills in a file", async () => {
    const yaml = block("yaml ansible-template");
    const command = the(/ansible\.builtin\.command: (.*)$/m.exec(yaml)?.[1]);
    const { text } = await succeeds(command, await control());
    // The module strips the last line feed of what it registers, and the copy has it again.
    expect(yaml).toContain('content: "{{ conf.stdout }}\\n"');
    expect(text).toBe('user = shop\npassword = "second"\n');
  });
});

describe("a host that sets root passwords", () => {
  const place = () => ({ home: provisioner });

  test("has a write-only key, and believes whom a person confirms", async () => {
    await succeeds(block("sh make-provisioner"), place());
    await copyFile(join(provisioner, ".ssh/id_ed25519.pub"), join(workshop, "id_ed25519.pub"));
    await succeeds(block("sh add-provisioner"), { home: workshop });
    const rc = `--store-url=${team.server.url}\n${block("text provisioner.rc")}`;
    await writeFile(join(provisioner, ".pstorerc"), rc, { mode: 0o600 });
    const shown = await confirms(block("sh provisioner-believe"), place(), 2);
    for (const user of [walter, joe]) expect(shown).toContain(readable(user.key));
  });

  test("sets the password of a machine that an admin has created", async () => {
    await succeeds(block("sh admin-creates"), placeOf(walter));
    const before = await passwordOf("web7.example.com");
    await succeeds(block("sh provision"), place());
    const password = await passwordOf("web7.example.com");
    expect(password).toMatch(/^[A-Za-z0-9+/]{24}$/);
    expect(password).not.toBe(before);
    expect(await readFile(join(notes, "ssh"), "utf8")).toBe(
      `root@web7.example.com chpasswd\nroot:${password}\n`,
    );
    await rm(join(notes, "ssh"));
  });

  test("creates a machine for the admins", async () => {
    await succeeds(block("sh provision-new"), place());
    const password = await passwordOf("web8.example.com");
    expect(await does(joe, ["web8.example.com", "-pg", "password"])).toBe(password);
    expect(await readFile(join(notes, "ssh"), "utf8")).toBe(
      `root@web8.example.com chpasswd\nroot:${password}\n`,
    );
  });

  test("stores the password before it is set: where the store refuses, the host keeps its own", async () => {
    await rm(join(notes, "ssh"));
    await succeeds(block("sh take-back"), placeOf(walter));
    const script = block("sh provision").replaceAll("web7", "web8");
    const { code, stderr } = await plays(script, place());
    expect({ code, stderr }).toMatchObject({
      ...{ code: 1, stderr: expect.stringMatching(/no access to 'web8/) },
    });
    expect(await Bun.file(join(notes, "ssh")).exists()).toBe(false);
  });
});

describe("what a key may do, as the table says", () => {
  const table = async () => {
    const rows = [...(await readFile(document, "utf8")).matchAll(/^\| (.*) \|$/gm)].map(([, row]) =>
      the(row).split(" | "),
    );
    return rows.slice(2).map(([, ...answers]) => answers.map((one) => the(/^(?:yes|no)/.exec(one)?.[0])));
  };

  test("by a key that reads, one that writes, and one that only writes", async () => {
    const reader = await addSshUser(team, "reader", { type: "ed25519" });
    const writer = await addSshUser(team, "writer", { type: "ed25519" });
    const setter = await addSshUser(team, "setter", { type: "ed25519", writeOnly: true });
    const users = [reader, writer, setter];
    const may = async (user: Account, ...steps: readonly (readonly string[])[]) => {
      const codes: (number | null)[] = [];
      for (const args of steps) codes.push((await user.pstore(args, { stdin: "x" })).code);
      const isAll = codes.every((code) => code === 0);
      if (!isAll && codes.includes(0)) throw new Error(`${user.name} may half of ${steps}: ${codes}`);
      return isAll ? "yes" : "no";
    };
    await does(walter, ["-c", "kept", "+reader:read", "+writer", "+setter"], "secret");
    await does(walter, ["kept", "-ps", "host"], "192.0.2.3");
    const each = async (steps: (user: Account) => readonly (readonly string[])[]) => {
      const answers: string[] = [];
      for (const user of users) answers.push(await may(user, ...steps(user)));
      return answers;
    };
    const rows = [
      await each(() => [["kept", "-pl"], ["kept", "-pg", "host"], ["ke"]]),
      await each(() => [["kept", "-pg", "password"]]),
      await each(({ name }) => [
        ["kept", "-pe", name, "--yes"],
        ["kept", "-ps", `${name}-public`, "--yes"],
        ["kept", "-pd", name, "--yes"],
      ]),
      await each(({ name }) => [
        ["kept", "+joe:read", "--yes"],
        ["kept", "^joe", "--yes"],
        ["kept", "--rename", `kept-by-${name}`, "--yes"],
        [`kept-by-${name}`, "--rename", "kept", "--yes"],
      ]),
      await each(({ name }) => [["-c", `${name}-made`, "+walter"]]),
    ];
    expect(rows).toEqual(await table());
  }, 60_000);
});

describe("a new key", () => {
  let old: string;

  test("is added beside the old one, and the job's values are encrypted to both", async () => {
    const { text } = await succeeds(block("sh new-key"), { home: workshop });
    const fresh = the(/SHA256:\S+/.exec(text)?.[0]);
    const listed = await run(["ssh-keygen", "-l", "-f", join(workshop, "ci-shop.pub")]);
    old = the(/SHA256:\S+/.exec(listed.text)?.[0]);
    await succeeds(block("sh add-new-key"), { home: workshop });
    expect(await job("ci-shop")).toMatchObject({ code: 0, deployed: "second" });
    expect((await job("ci-shop.new")).code).toBe(1);
    const shown = await confirms(block("sh rewrap"), placeOf(walter), 2);
    expect(shown).toContain(fresh);
    for (const key of ["ci-shop", "ci-shop.new"])
      expect({ key, ...(await job(key)) }).toMatchObject({ key, code: 0, deployed: "second" });
  });

  test("goes on alone when the old one is taken away", async () => {
    await succeeds(block("sh remove-old-key"), { home: workshop, env: { OLD_FINGERPRINT: old } });
    expect((await job("ci-shop")).code).toBe(1);
    expect(await job("ci-shop.new")).toMatchObject({ code: 0, deployed: "second" });
  });
});

test("the end of a user: revoked everywhere, what it has read is listed and changed, and it signs in no more", async () => {
  const shown = await confirms(block("sh offboard"), placeOf(walter), 1);
  expect(shown).toMatch(new RegExp(`${shop} +password +read `));
  expect(await passwordOf(shop)).not.toBe("second");
  expect((await job("ci-shop.new")).stderr).toContain(`there is no machine '${shop}'`);
  await succeeds(block("sh disable"), { home: workshop });
  const { code, stderr } = await job("ci-shop.new");
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.not.stringContaining("no machine") });
});

test("all that the document shows was played", () => {
  expect([...played].sort()).toEqual([...blocks.keys()].sort());
});
