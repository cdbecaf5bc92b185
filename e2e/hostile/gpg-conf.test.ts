// Whatever stands in the user's gpg.conf, it neither bends what the client signs and reads, nor leaks a session key.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generateKey } from "../support/gnupg.ts";
import { leakedSessionKey, Scene } from "../support/hostile.ts";
import type { User } from "../support/team.ts";

const { secret } = Scene;

let scene: Scene;
let walter: User;
let joe: User;
let name: string;

beforeAll(async () => {
  scene = await Scene.make("walter", "joe");
  [walter, joe] = scene.users("walter", "joe");
  name = await scene.machine(walter, { with: ["joe"], secrets: { a: `${secret} a` } });
});
afterAll(() => scene.dispose());

/** Every file below a folder. */
function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((file) => join(folder, file))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true);
}

const conf = (user: User) => join(user.gnupg.path, "gpg.conf");

/** Lines of gpg.conf that would leak or bend something, each on its own and all together. */
const lines: Record<string, (folder: string) => string> = {
  "a log file": (folder) => `log-file ${folder}/leak.log\nverbose\nverbose\nshow-session-key`,
  "a logger that writes to stderr": () => "logger-fd 2\nverbose\nshow-session-key",
  "status lines into a file": (folder) => `status-file ${folder}/leak.status\nshow-session-key`,
  "debug messages": (folder) => `debug-level guru\ndebug-all\nlog-file ${folder}/leak.log`,
  "another output": (folder) => `output ${folder}/leak.out\nyes`,
  "armor and text mode": () => "armor\ntextmode",
  "a weak digest": () => "digest-algo SHA1\npersonal-digest-preferences SHA1\ncert-digest-algo SHA1",
  "signatures that expire": () => "default-sig-expire 1y\nask-sig-expire",
  "comments, notations and policies": () =>
    "comment x\nsig-notation x@example.com=y\nsig-policy-url https://example.com/",
  "other listings": () =>
    "keyid-format long\nwith-fingerprint\nwith-keygrip\nlist-options show-notations,show-policy-urls\nno-show-notation",
};

describe("a gpg.conf with", () => {
  const every = (folder: string) =>
    Object.values(lines)
      .map((make) => make(folder))
      .join("\n");
  for (const [what, make] of [...Object.entries(lines), ["all of these", every] as const]) {
    test(what, async () => {
      await writeFile(conf(walter), `${make(walter.home)}\n`);
      try {
        const sessionKey = Buffer.from(await leakedSessionKey(joe, scene.wrapped(name, "a", joe))).toString(
          "hex",
        );
        const outputs: string[] = [];
        const works = async (args: readonly string[], stdin?: string) => {
          const { code, text, stderr } = await walter.pstore(
            [...args, "--no-session", "-v"],
            stdin === undefined ? {} : { stdin },
          );
          expect({ args, code, stderr: code === 0 ? "" : stderr }).toEqual({ args, code: 0, stderr: "" });
          outputs.push(stderr);
          return text;
        };
        expect(await works([name, "-pg", "a"])).toBe(`${secret} a`);
        expect(await works([name, "-pe", "b"], `${secret} b`)).toBe("");
        expect(await works([name, "-pg", "b"])).toBe(`${secret} b`);
        expect(await works([name, "^joe"])).toBe("");
        expect(await works([name, "+joe"])).toBe("");
        // What was signed under that gpg.conf satisfies a client that has seen nothing yet.
        const seen = await joe.pstore([name, "-pg", "b"], { env: scene.newcomer(joe) });
        expect(seen).toMatchObject({ code: 0, text: `${secret} b` });
        for (const stderr of outputs) {
          expect(stderr).not.toContain(secret);
          expect(stderr.toLowerCase()).not.toContain(sessionKey);
          expect(stderr).not.toContain("gpg:");
        }
        for (const file of [...files(walter.home), ...files(walter.gnupg.path)]) {
          const content = readFileSync(file).toString("latin1");
          expect({
            file,
            leaks: content.includes(secret) || content.toLowerCase().includes(sessionKey),
          }).toEqual({ file, leaks: false });
        }
        expect(existsSync(join(walter.home, "leak.out"))).toBe(false);
      } finally {
        await writeFile(conf(walter), "");
      }
    });
  }

  test("a logger that writes to stdout: gpg then prints nothing at all, so what must be signed is not", async () => {
    await scene.does(walter, [name, "-pg", "a"]);
    await writeFile(conf(walter), "logger-fd 1\nverbose\nshow-session-key\n");
    try {
      expect(await walter.pstore([name, "-pg", "a"])).toMatchObject({
        code: 0,
        text: `${secret} a`,
        stderr: "",
      });
      const stdin = `${secret} b`;
      await scene.refuses(walter, [name, "-pe", "b"], {
        attack: () => {},
        says: /gpg holds no usable private key/,
        stdin,
      });
      await scene.refuses(walter, [name, "-pg", "a", "--no-session"], {
        attack: () => {},
        says: /gpg holds no usable private key/,
      });
    } finally {
      await writeFile(conf(walter), "");
    }
  });

  test("another default key, and a further signer", async () => {
    const other = await generateKey(walter.gnupg, { userId: "walter at home <walter@home.example.com>" });
    for (const line of [`default-key ${other.fingerprint}`, `local-user ${other.fingerprint}`]) {
      await appendFile(conf(walter), `${line}\n`);
      const { code, stderr } = await walter.pstore([name, "-pe", "c", "--no-session"], {
        stdin: `${secret} c`,
      });
      expect({ line, code, stderr }).toEqual({ line, code: 0, stderr: "" });
      await writeFile(conf(walter), "");
    }
    expect(await readFile(conf(walter), "utf8")).toBe("");
    const seen = await joe.pstore([name, "-pg", "c"], { env: scene.newcomer(joe) });
    expect(seen).toMatchObject({ code: 0, text: `${secret} c` });
  });
});
