// `pstore --doctor` for those whose key is a file: of OpenSSH, with an ssh-agent or without, or of OpenPGP.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readable } from "@pstore/core/fingerprint";
import { examine } from "./support/doctor.ts";
import { addKeyFileUser, type KeyFileUser } from "./support/key-file-user.ts";
import { run, succeed } from "./support/process.ts";
import { generateSshKey } from "./support/ssh-key.ts";
import { addSshUser, type SshUser } from "./support/ssh-user.ts";
import { createTeam, does, type Team } from "./support/team.ts";

const passphrase = "correct horse";

let team: Team;
/** Without a passphrase, on a machine without gpg. */
let plain: SshUser;
/** With a passphrase. */
let locked: SshUser;
let filed: KeyFileUser;
/** What names the ssh-agent that the tests have started. */
let agent: { SSH_AUTH_SOCK: string; SSH_AGENT_PID: string };

beforeAll(async () => {
  team = await createTeam({ users: [] });
  plain = await addSshUser(team, "plain", { type: "ed25519", hasGpg: false });
  locked = await addSshUser(team, "locked", { type: "ed25519", passphrase, hasGpg: false });
  filed = await addKeyFileUser(team, "filed", { passphrase });
  const { text } = await succeed(["ssh-agent", "-s"]);
  const of = (name: string) => new RegExp(`${name}=([^;]+);`).exec(text)?.[1] ?? "";
  agent = { SSH_AUTH_SOCK: of("SSH_AUTH_SOCK"), SSH_AGENT_PID: of("SSH_AGENT_PID") };
}, 60_000);
afterAll(async () => {
  if (agent !== undefined) await run(["ssh-agent", "-k"], { env: agent });
  await team?.dispose();
});

describe("an SSH key", () => {
  test("works without gpg, which nobody misses then", async () => {
    const first = await examine(plain);
    expect(first.code).toBe(0);
    expect(first.of("gpg")).toEqual([
      "skipped  gpg (because it is not there, and your SSH key works without it; nothing is to be done)",
    ]);
    const key = readable(plain.key);
    expect(first.of("key file")).toEqual([
      `ok       key file: ~/.ssh/id_ed25519 holds the SSH key ${key}, without a passphrase`,
    ]);
    expect(first.of("sign-in")[0]).toStartWith(`ok       sign-in: as 'plain' with ${key}, in `);
    expect(first.of("key")[0]).toContain("(ed25519) is here and at the store, and never expires");
    expect(first.of("round trip")[0]).toStartWith(
      `ok       round trip: a value was sealed for ${key} and opened`,
    );
    await does(plain, []);
    const known = await examine(plain);
    expect(known.code).toBe(0);
    expect(known.bad).toEqual(["skipped  gpg (because your key is an SSH key; nothing is to be done)"]);
    expect(known.of("pins")[0]).toEndWith(`what is pinned as yours: ${key}`);
  });

  test("whose file others may read is a fault that says the chmod", async () => {
    await chmod(plain.ssh.file, 0o644);
    const { code, of } = await examine(plain);
    await chmod(plain.ssh.file, 0o600);
    expect(code).toBe(1);
    expect(of("key file")[0]).toStartWith(
      "FAULT    key file: the permissions 0644 of ~/.ssh/id_ed25519 are too open: chmod 600 ~/.ssh/id_ed25519; ",
    );
    expect(of("sign-in")[0]).toStartWith("FAULT    sign-in: ");
  });

  test("that is none is passed over where another one signs in", async () => {
    const file = join(plain.home, ".ssh/id_old");
    await writeFile(file, "no key", { mode: 0o600 });
    const spared = await examine(plain);
    expect(spared.code).toBe(0);
    expect(spared.of("key file")[1]).toMatch(/^warning {2}key file: ~\/\.ssh\/id_old is no private key/);
    const named = await examine(plain, [`--identity=${file}`]);
    expect(named.code).toBe(1);
    expect(named.of("key file")[0]).toStartWith(`FAULT    key file: ${file} is no private key`);
    expect(named.of("gpg")[0]).toContain("the file of your key is named");
    const first = await examine(plain, [`--identity=${plain.ssh.file}`, `--identity=${file}`]);
    expect(first.code).toBe(1);
    expect(first.of("sign-in")[0]).toStartWith("ok ");
    expect(first.of("key file")[1]).toStartWith("FAULT ");
    const missing = await examine(plain, ["--identity=~/nowhere"]);
    expect(missing.of("key file")[0]).toBe(
      "FAULT    key file: there is no key file ~/nowhere; mend its name in --identity, $PSTORE_IDENTITY or ~/.pstorerc, or make it",
    );
    expect(missing.of("sign-in")[0]).toContain("there is no key file ~/nowhere");
    await writeFile(file, "");
  });

  test("from a pipe is read once, by whoever signs in", async () => {
    const { code, text } = await run(
      ["sh", "-c", `cat ${plain.ssh.file} | pstore --doctor --identity=/dev/stdin`],
      { env: plain.env },
    );
    expect(text).toContain("ok       key file: /dev/stdin is a pipe, or the like\n");
    expect(text).toMatch(/^ok {7}round trip: /m);
    expect(code).toBe(0);
  });

  test("with a passphrase is unlocked as for any command, and else it is said how", async () => {
    const { code, of, stderr } = await examine(locked);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("no faults, no warnings") });
    expect(of("key file")[0]).toEndWith(`the SSH key ${readable(locked.key)}, with a passphrase`);
    expect(of("ssh-agent")).toEqual(["ok       ssh-agent: SSH_AUTH_SOCK names none, and none is needed"]);
    const alone = await examine(locked, [], { env: { PSTORE_PASSPHRASE_FILE: "" } });
    expect(alone.code).toBe(1);
    expect(alone.of("sign-in")[0]).toMatch(/^FAULT {4}sign-in: there is no terminal to ask .*PASSPHRASE/);
  });

  test("is asked for its passphrase once at a terminal, and Ctrl-C there ends it all", async () => {
    const asking = locked.terminal(["--doctor"], { columns: 200 });
    await asking.waitFor(/[Pp]assphrase.*: $/);
    asking.type(`${passphrase}\r`);
    const { code, output } = await asking.exit;
    expect(code).toBe(0);
    expect(output).toContain("ok       round trip: ");
    expect(output.match(/passphrase.*: /gi)).toHaveLength(1);
    // Also where gpg is there, and nobody asks for it to be missing.
    for (const env of [{}, { PATH: process.env["PATH"] ?? "" }]) {
      const ended = locked.terminal(["--doctor"], { columns: 200, env });
      await ended.waitFor(/[Pp]assphrase.*: $/);
      ended.type("\u0003");
      const { code: status, output: rest } = await ended.exit;
      expect(status).toBe(130);
      expect(rest).not.toContain("FAULT");
    }
  });

  test("in an ssh-agent is told, and so is an agent that does not answer", async () => {
    const without = await examine(locked, [], { env: agent });
    expect(without.of("ssh-agent")).toEqual([
      `ok       ssh-agent: it does not hold ${readable(locked.key)}, which ssh-add ~/.ssh/id_ed25519 would change`,
    ]);
    const adding = Bun.spawn(["ssh-add", "-q", locked.ssh.file], {
      env: {
        ...agent,
        PATH: process.env["PATH"],
        SSH_ASKPASS: await askpass(),
        SSH_ASKPASS_REQUIRE: "force",
      },
      stdin: "ignore",
    });
    expect(await adding.exited).toBe(0);
    expect((await examine(locked, [], { env: agent })).of("ssh-agent")).toEqual([
      `ok       ssh-agent: it holds ${readable(locked.key)}, so that to sign in needs no passphrase`,
    ]);
    const dead = await examine(locked, [], { env: { SSH_AUTH_SOCK: join(locked.home, "nothing") } });
    expect(dead.code).toBe(0);
    expect(dead.of("ssh-agent")).toEqual([
      "warning  ssh-agent: the one that SSH_AUTH_SOCK names does not answer; start it anew, or unset SSH_AUTH_SOCK",
    ]);
  });

  async function askpass(): Promise<string> {
    const file = join(locked.home, "askpass");
    await writeFile(file, `#!/bin/sh\necho '${passphrase}'\n`, { mode: 0o700 });
    return file;
  }
});

test("a further key, of SSH beside one in gpg, is a warning until everything is encrypted to it, and no fault on the way", async () => {
  const user = await team.add("further");
  await does(user, ["-c", "of-further"], "secret\n");
  const ssh = await generateSshKey(join(user.home, ".ssh/id_ed25519"), { type: "ed25519" });
  await team.server.addKey("further", ssh.line);
  const key = readable(ssh.fingerprint);
  const added = await examine(user);
  expect(added.code).toBe(0);
  expect(added.bad).toEqual([
    `warning  pins: a further key of yours is here and at the store, ${key}, and nothing is encrypted to it yet; run pstore --rewrap`,
  ]);
  expect(added.of("round trip")).toHaveLength(2);
  await does(user, ["--rewrap", "--yes"]);
  expect((await examine(user)).bad).toEqual([]);
  expect((await team.server.command(["key", "remove", user.fingerprint])).code).toBe(0);
  const removed = await examine(user);
  expect(removed.code).toBe(0);
  expect(removed.bad).toEqual([
    `warning  pins: the store has ${readable(user.key)} no more, which is pinned as yours, and machines list; run pstore --rewrap if you had it replaced, and else ask who runs the server`,
  ]);
  await does(user, ["--rewrap", "--yes"]);
  expect((await examine(user)).bad).toEqual([]);
});

test("an OpenPGP key in a file works without gpg too", async () => {
  const { code, bad, of } = await examine(filed);
  expect(code).toBe(0);
  expect(bad).toEqual(["skipped  gpg (because the file of your key is named; nothing is to be done)"]);
  expect(of("key file")).toEqual([
    `ok       key file: ${filed.openpgp.file} holds the OpenPGP key ${readable(filed.key)}, with a passphrase`,
  ]);
  expect(of("round trip")[0]).toStartWith("ok ");
});
