import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { aliasFor, isPasswordPrompt, parseTarget, type Target } from "./ssh-target.ts";

const target: Target = { user: "root", host: "10.0.0.3", port: "22", hostKeyAlias: "db3" };

describe("where ssh will go", () => {
  test("is read from what ssh -G prints", () => {
    const text =
      "host db3\nuser EXAMPLE\\joe b\nhostname DB3.example.com\nport 2222\nsendenv LANG\nuser other\n";
    const found = { user: "EXAMPLE\\joe b", host: "DB3.example.com", port: "2222", hostKeyAlias: null };
    expect(parseTarget(text)).toEqual(found);
    expect(parseTarget(`${text}hostkeyalias x\n`)).toEqual({ ...found, hostKeyAlias: "x" });
    expect(parseTarget("")).toBeNull();
    expect(parseTarget("user root\nport 22\n")).toBeNull();
  });

  test("is known by the machine's name, as ssh notes it", () => {
    expect(aliasFor("DB3", "22")).toBe("db3");
    expect(aliasFor("db3", "2222")).toBe("[db3]:2222");
  });
});

describe("the prompt for a password", () => {
  test.each([
    "Password: ",
    "Password:",
    "password: ",
    "root's password: ",
    "Password for root@db3.example.com: ",
  ])("may be '%s' from the host", (text) => {
    expect(isPasswordPrompt(`(root@db3) ${text}`, target)).toBe(true);
  });

  test("is ssh's own for this user at this host, by the name that ssh shows", () => {
    expect(isPasswordPrompt("root@db3's password: ", target)).toBe(true);
    const plain = { ...target, host: "DB3.Example.com", hostKeyAlias: null };
    expect(isPasswordPrompt("root@db3.example.com's password: ", plain)).toBe(true);
    expect(isPasswordPrompt("root@10.0.0.3's password: ", target)).toBe(false);
  });

  test.each([
    ...[
      "",
      "Password: ",
      "joe@db3's password: ",
      "root@db4's password: ",
      "(root@db4) Password: ",
      "(joe@db3) Password: ",
    ],
    ...[
      "(root@db3) Verification code: ",
      "(root@db3) Password & verification code: ",
      "(root@db3) New password: ",
    ],
    ...[
      "(root@db3) (current) UNIX password: ",
      "(jump@hop) root@db3's password: ",
      "(jump@hop) (root@db3) Password: ",
    ],
    ...[
      "root@db3's password: \nroot@db3's password: ",
      "Enter root@db3's old password: ",
      "(root@db3) Password:\n\nCode: ",
    ],
    ...["Enter passphrase for key '/root/.ssh/id_rsa': ", "(root@db3) One-time password (OATH) for `root': "],
  ])("is not %j", (prompt) => {
    expect(isPasswordPrompt(prompt, target)).toBe(false);
  });

  test("is never that of another user or host", () => {
    const name = fc.stringMatching(/^[a-z0-9.@()' :-]{1,12}$/);
    fc.assert(
      fc.property(name, name, fc.constantFrom("password", "asked"), (user, host, kind) => {
        fc.pre(user !== target.user || host !== target.hostKeyAlias);
        const prompt = kind === "asked" ? `(${user}@${host}) Password: ` : `${user}@${host}'s password: `;
        expect(isPasswordPrompt(prompt, target)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});
