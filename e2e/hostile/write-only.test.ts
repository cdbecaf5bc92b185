// A host that sets its password with a write-only key: it can read nothing, whatever a server gives it.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { apiPath, type ObjectDetail } from "@pstore/core/api/schemas";
import { readUserKey } from "@pstore/core/keys/user-key";
import { wrapFor } from "@pstore/core/keys/wrapped-key";
import { parseManifest } from "@pstore/core/manifest";
import type { Account } from "../support/account.ts";
import {
  type Attack,
  all,
  following,
  leakedSessionKey,
  onObject,
  Scene,
  signedBy,
  the,
} from "../support/hostile.ts";
import { succeed } from "../support/process.ts";
import { sessionToken } from "../support/session-token.ts";
import { addSshUser, type SshUser } from "../support/ssh-user.ts";
import type { User } from "../support/team.ts";

const { secret } = Scene;

let scene: Scene;
let walter: User;
/** Hosts, each with a write-only key of another kind. */
let ed25519: SshUser;
let rsa: SshUser;
let gnupg: User;

beforeAll(async () => {
  scene = await Scene.make("walter", "joe", { name: "gnupg-host", keyFlags: ["--write-only"] });
  walter = scene.user("walter");
  gnupg = scene.user("gnupg-host");
  const writeOnly = true;
  ed25519 = await scene.lead(await addSshUser(scene.team, "ed25519-host", { type: "ed25519", writeOnly }));
  rsa = await scene.lead(await addSshUser(scene.team, "rsa-host", { type: "rsa", bits: 2048, writeOnly }));
}, 60_000);
afterAll(() => scene?.dispose());

const kinds: readonly [kind: string, host: () => Account][] = [
  ["an ssh-ed25519 key", () => ed25519],
  ["an ssh-rsa key", () => rsa],
  ["a key in gpg", () => gnupg],
];

/** Another session with the store, by no client of ours. */
function asks(user: Account, path: string): Promise<Response> {
  return fetch(`${scene.team.server.url}${apiPath}${path}`, {
    headers: { authorization: `Bearer ${sessionToken(user)}` },
  });
}

/** What somebody in league with the server makes: the true session key of a value, for a host's public key. */
async function wrappedFor(host: Account, name: string, property: string): Promise<string> {
  const sessionKey = await leakedSessionKey(walter, scene.wrapped(name, property, walter));
  const wrapped = await wrapFor(await readUserKey(await host.publicKey()), host.part, sessionKey);
  return Buffer.from(wrapped).toString("base64");
}

/** Gives a host a value and a wrapped key for it. */
function give(name: string, property: string, host: Account, wrapped: string): Attack {
  const bytes = scene.stored(name, property).toString("base64");
  const put = (detail: ObjectDetail) => {
    detail.values = [...detail.values.filter((one) => one.property !== property), { property, bytes }];
    detail.wrappedKeys = [{ property, key: host.key, wrapped }];
  };
  return onObject(put);
}

/** Where the private key of a host would open it. */
async function opensByHand(host: Account, wrapped: string): Promise<Buffer> {
  if (!("ssh" in host)) return Buffer.from(await leakedSessionKey(host as User, wrapped));
  const folder = await mkdtemp("/tmp/p-");
  try {
    await writeFile(join(folder, "wrapped"), Buffer.from(wrapped, "base64"));
    const argv = ["age", "-d", "-i", (host as SshUser).ssh.file, join(folder, "wrapped")];
    return Buffer.from((await succeed(argv)).stdout);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe.each(kinds)("a host with %s that is write-only", (_kind, hostOf) => {
  let host: Account;
  let name: string;

  beforeAll(async () => {
    host = hostOf();
    name = await scene.machine(walter, { with: [host.name], secrets: { root: `${secret} root` } });
    await scene.does(walter, [name, "-ps", "ip-address"], "192.0.2.9");
  });

  test("is a member whose key reads nothing", () => {
    const member = the(scene.manifest(name, 1).members.get(host.name));
    expect(member).toEqual({ access: "write", keys: new Map([[host.key, null]]) });
    expect(scene.server.commits.some((commit) => scene.wrapsFor(commit, host))).toBe(false);
  });

  test("sets the password and other values, for those who read them", async () => {
    await scene.does(host, ["-P", name, "--yes"], `${secret} set by the host\n`);
    await scene.does(host, [name, "-pe", "certificate", "--yes"], `${secret} certificate`);
    await scene.does(host, [name, "-ps", "kernel", "--yes"], "6.1");
    const read = async (property: string) => (await scene.does(walter, [name, "-pg", property])).text;
    expect(await read("password")).toBe(`${secret} set by the host`);
    expect(await read("certificate")).toBe(`${secret} certificate`);
    expect(await read("kernel")).toBe("6.1");
    expect(scene.server.commits.some((commit) => scene.wrapsFor(commit, host))).toBe(false);
  });

  test("reads what is public, and is told that it reads nothing else, not even what it has set", async () => {
    expect((await scene.does(host, [name, "-pg", "ip-address"])).text).toBe("192.0.2.9");
    for (const property of ["password", "root"]) {
      await scene.refuses(host, [name, "-pg", property], {
        attack: () => {},
        says: /your key is write-only: it may set '[a-z]+' of '[^']+', but not read it/,
      });
    }
  });

  test("is refused by the server itself: no body, no wrapped key", async () => {
    await scene.does(host, []);
    const answer = await asks(host, `/object?name=${name}&value=password`);
    const detail = (await answer.json()) as ObjectDetail;
    expect(answer.status).toBe(200);
    expect(detail.wrappedKeys).toEqual([]);
    expect(detail.values.map(({ property }) => property).sort()).toEqual(["ip-address", "kernel"]);
    const { object, properties } = JSON.parse(detail.revision.manifest);
    for (const property of ["password", "root"]) {
      const query = `property=${property}&revision=${properties[property].revision}`;
      const value = await asks(host, `/objects/${object.id}/value?${query}`);
      expect([value.status, ((await value.json()) as { code: string }).code]).toEqual([403, "forbidden"]);
      const kept = await asks(host, `/objects/${object.id}/kept?property=${property}`);
      const { values } = (await kept.json()) as { values: { wrappedKeys: unknown[] }[] };
      expect(values.flatMap(({ wrappedKeys }) => wrappedKeys)).toEqual([]);
    }
  });

  test("refuses what a lying server gives it, although its key would open it: the manifest names it no reader", async () => {
    const wrapped = await wrappedFor(host, name, "root");
    const hand = await opensByHand(host, wrapped);
    expect(hand).toEqual(Buffer.from(await leakedSessionKey(walter, scene.wrapped(name, "root", walter))));
    const attack = give(name, "root", host, wrapped);
    for (const env of [{}, scene.newcomer(host)]) {
      await scene.refuses(host, [name, "-pg", "root"], { attack, env, says: /your key is write-only/ });
    }
    const shown = await scene.under(attack, host, [name, "root"]);
    expect({ code: shown.code, text: shown.text }).toEqual({ code: 1, text: "" });
    // Nor does it come to light by another way: a file, a program, a template, another copy.
    for (const [args, stdin] of [
      [["--run", name, "--", "env"], ""],
      [["--template", "-"], `{{${name}/root}}`],
      [[name, "-pg", "root", "-o", "root.txt"], ""],
    ] as const) {
      await scene.refuses(host, args, { attack, says: /write-only|reads nothing|not read/, stdin });
    }
  });

  test("refuses a manifest in which the server made a reader of it", async () => {
    const wrapped = await wrappedFor(host, name, "root");
    const change = (text: string) => {
      const manifest = JSON.parse(text);
      manifest.members[host.name].keys[host.key] = host.part;
      return JSON.stringify(manifest);
    };
    const attack = all(
      give(name, "root", host, wrapped),
      onObject((detail) => {
        detail.revision.manifest = change(detail.revision.manifest);
      }),
    );
    for (const env of [{}, scene.newcomer(host)]) {
      await scene.refuses(host, [name, "-pg", "root"], {
        ...{ attack, env },
        says: /not in the commit that its author signed|differs from the one this client has seen/,
      });
    }
  });

  test("refuses one that a stranger signed truly, or its own key, which may change no members", async () => {
    const wrapped = await wrappedFor(host, name, "root");
    const newest = parseManifest(scene.server.detail(name).revision.manifest);
    const members = new Map([
      ...newest.members,
      [host.name, { access: "write" as const, keys: new Map([[host.key, host.part]]) }],
    ]);
    // joe is no member; the host may change no members; both sign truly.
    for (const author of [scene.user("joe"), host as SshUser | User]) {
      const revision = await signedBy(author, following(newest, author, { members }));
      const attack = all(
        give(name, "root", host, wrapped),
        onObject((detail) => {
          detail.revision = revision;
        }),
      );
      for (const env of [{}, scene.newcomer(host)]) {
        await scene.refuses(host, [name, "-pg", "root"], {
          ...{ attack, env },
          says: /write-only|no write access|has no|CHANGED/,
        });
      }
    }
  });

  test("changes neither members nor name, and deletes nothing", async () => {
    for (const args of [
      [name, "+joe", "--yes"],
      [name, "^walter", "--yes"],
      [name, "--rename", `${name}.moved`, "--yes"],
      ["-D", name, "--yes"],
      ["-P", name, "+joe", "--yes"],
    ]) {
      const { code, stderr } = await host.pstore(args, { stdin: "x\n" });
      const refusal = `error: your key is write-only: it may change values of '${name}', but neither its users nor its name, nor delete it; ask walter\n`;
      expect({ args, code, stderr }).toEqual({ args, code: 1, stderr: refusal });
    }
  });

  test("may make a machine, for readers alone to read", async () => {
    const own = `${host.name}.made`;
    await scene.does(host, ["-c", own, "+walter"], `${secret} new\n`);
    expect((await scene.does(walter, [own, "-pg", "password"])).text).toBe(`${secret} new`);
    await scene.refuses(host, [own, "-pg", "password"], { attack: () => {}, says: /write-only/ });
    const { code, stderr } = await host.pstore(["-c", `${own}.alone`], { stdin: "x\n" });
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/nobody could read/) });
  });
});
