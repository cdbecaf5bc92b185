// The seed's FAQ: "crypto error: encrypt message too long", for whatever was longer than an RSA key. No such limit is left.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { apiPath } from "@pstore/core/api/schemas";
import type { Account } from "./support/account.ts";
import { createHome, type GnupgHome } from "./support/gnupg.ts";
import { succeed } from "./support/process.ts";
import { sessionToken } from "./support/session-token.ts";
import { addSshUser, type SshUser } from "./support/ssh-user.ts";
import { createTeam, does, type Team, type User } from "./support/team.ts";

let team: Team;
/** With GnuPG. */
let walter: User;
/** With the smallest RSA key that is taken, so that least fits into it. */
let sara: SshUser;
let eddy: SshUser;

const machine = "tls.example.com";
/** A certificate of 1,533 bytes, as the FAQ has it, and a file of 40 MB. */
const certificate = Buffer.from(certificateOf(1533));
const backup = randomBytes(40_000_000);

beforeAll(async () => {
  team = await createTeam({ users: ["walter"] });
  walter = team.user("walter");
  sara = await addSshUser(team, "sara", { type: "rsa", bits: 2048 });
  eddy = await addSshUser(team, "eddy", { type: "ed25519" });
}, 60_000);
afterAll(() => team?.dispose());

function certificateOf(size: number): string {
  const [begin, end] = ["-----BEGIN CERTIFICATE-----\n", "\n-----END CERTIFICATE-----\n"];
  const lines = randomBytes(size).toString("base64").replace(/.{64}/g, "$&\n");
  return `${begin}${lines.slice(0, size - begin.length - end.length)}${end}`;
}

const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

async function readsBoth(user: Account): Promise<void> {
  for (const [property, value] of [
    ["certificate", certificate],
    ["backup", backup],
  ] as const) {
    const { code, stdout, stderr } = await user.pstore([machine, "-pg", property]);
    expect({ user: user.name, property, code, stderr }).toMatchObject({ code: 0 });
    expect({ size: stdout.length, digest: digest(stdout) }).toEqual({
      ...{ size: value.length, digest: digest(value) },
    });
  }
}

describe("a certificate of 1,533 bytes and a file of 40 MB", () => {
  test("are written for a user of ssh-rsa by a user of GnuPG, and read", async () => {
    await does(walter, ["-c", machine, "+sara", "+eddy"], "abc");
    await does(walter, [machine, "-pe", "certificate"], certificate);
    await does(walter, [machine, "-pe", "backup"], backup);
    for (const user of [sara, eddy, walter]) await readsBoth(user);
  });

  test("are written by the user of ssh-rsa, and read by all", async () => {
    await does(sara, [machine, "-pe", "certificate", "--yes"], certificate);
    await does(sara, [machine, "-pe", "backup", "--yes"], backup);
    for (const user of [sara, eddy, walter]) await readsBoth(user);
  });

  test("are handed on to a newcomer with 4096 bits by the user of ssh-rsa", async () => {
    const rosa = await addSshUser(team, "rosa", { type: "rsa", bits: 4096 });
    await does(sara, [machine, "+rosa", "--yes"]);
    await readsBoth(rosa);
  });
});

test("sizes around what fits into an RSA key make no difference", async () => {
  // 190 bytes fit into 2048 bits by OAEP with SHA-256, 214 with SHA-1, 245 by PKCS #1, 256 are the key itself.
  for (const size of [0, 1, 189, 190, 191, 214, 215, 245, 246, 255, 256, 257, 4095, 4096, 4097]) {
    const value = randomBytes(size);
    await does(sara, [machine, "-pe", "sized", "--yes"], value);
    const { stdout, code } = await sara.pstore([machine, "-pg", "sized"]);
    expect({ size, code, same: digest(stdout) === digest(value) }).toEqual({ size, code: 0, same: true });
  }
}, 60_000);

describe("by hand, with curl, age and gpg alone, as docs/formats.md says", () => {
  /** For gpg, which wants one: it holds no key. */
  let gnupg: GnupgHome;

  beforeAll(async () => {
    gnupg = await createHome();
  });
  afterAll(() => gnupg?.dispose());

  const curl = (user: Account, path: string, file: string) =>
    succeed([
      ...["curl", "--silent", "--show-error", "--fail", "--output", file],
      ...["--header", `Authorization: Bearer ${sessionToken(user)}`, `${team.server.url}${apiPath}${path}`],
    ]);

  for (const name of ["sara", "eddy"]) {
    test(`what is encrypted for ${name}`, async () => {
      const user = name === "sara" ? sara : eddy;
      await does(user, []);
      const folder = join(user.home, "recovered");
      await mkdir(folder);
      const at = (file: string) => join(folder, file);
      await curl(user, `/object?name=${machine}`, at("object.json"));
      const object = JSON.parse(await readFile(at("object.json"), "utf8"));
      const manifest = JSON.parse(object.revision.manifest);
      for (const [property, value] of [
        ["certificate", certificate],
        ["backup", backup],
      ] as const) {
        const { size, revision } = manifest.properties[property];
        const wrapped = object.wrappedKeys.find((one: { property: string }) => one.property === property);
        expect(wrapped.key).toBe(user.key);
        await Bun.write(at("wrapped"), Buffer.from(wrapped.wrapped, "base64"));
        const query = `property=${property}&revision=${revision}`;
        await curl(user, `/objects/${manifest.object.id}/value?${query}`, at("served"));
        // The digests of its pieces come first.
        const digests = 32 * Math.ceil(size / 2 ** 20);
        await succeed(["sh", "-c", `tail -c +${digests + 1} served > body`], { cwd: folder });
        const env = { ...gnupg.env, HOME: user.home };
        const { stdout } = await succeed(["sh", "-c", await recipe(user)], { cwd: folder, env });
        expect(digest(stdout)).toBe(digest(value));
      }
    }, 60_000);
  }
});

/** The commands of docs/formats.md, for whoever has another kind of key. */
async function recipe(user: SshUser): Promise<string> {
  const text = await readFile(join(import.meta.dir, "../docs/formats.md"), "utf8");
  const section = text.slice(text.indexOf("## Recovering a value without pstore"));
  const block = /```sh\n([^`]*age -d [^`]*)```/.exec(section)?.[1];
  if (block === undefined) throw new Error("docs/formats.md says no more how age recovers a session key.");
  return block.replace("~/.ssh/id_ed25519", user.ssh.file);
}
