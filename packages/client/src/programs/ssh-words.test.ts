import { describe, expect, test } from "bun:test";
import { checkMayBeSaid, divide, hostOf, type Login, sshWords } from "./ssh-words.ts";

const id = "0b6a8c52-9f3e-4d17-8a1e-2c5d7f904b36";
const login: Login = { machine: { name: "db3", id }, user: "root", address: "10.0.0.3" };
const ours = ["-l", "root", "-o", "HostName=10.0.0.3"];
/** All words, where the machine says what the user does not. */
const all = (words: readonly string[], change: Partial<Login> = {}) => {
  const own = divide(words);
  const { machine, user, address } = { ...login, ...change };
  const rest = { user: own.saysUser ? null : user, address: own.saysAddress ? null : address };
  return [...sshWords({ machine, ...rest }, own), "|", ...own.rest];
};
const called = (name: string) => ({ machine: { name, id } });

describe("the words of ssh", () => {
  test.each<[string[], string[]]>([
    [[], ["db3", ...ours, "|"]],
    [
      ["uptime", "-a"],
      ["db3", ...ours, "|", "uptime", "-a"],
    ],
    [
      ["-vNp", "22", "-L8080:x:80", "-4", "ls", "-l"],
      ["db3", "-vNp", "22", "-L8080:x:80", "-4", ...ours, "|", "ls", "-l"],
    ],
    [
      ["-p22", "-oPort 23", "--", "-x"],
      ["db3", "-p22", "-oPort 23", ...ours, "|", "--", "-x"],
    ],
    [
      ["-i", "-l", "-t"],
      ["db3", "-i", "-l", "-t", ...ours, "|"],
    ],
    [["-p"], ["db3", "-p", ...ours, "|"]],
    [
      ["-", "x"],
      ["db3", ...ours, "|", "-", "x"],
    ],
    [
      ["", "-l", "x"],
      ["db3", ...ours, "|", "", "-l", "x"],
    ],
  ])("%j: ours stand behind the user's, before the command", (words, expected) => {
    expect(all(words)).toEqual(expected);
  });

  const [, , ...address] = ours;
  test.each([
    [["-l", "joe"], address],
    [["-vljoe"], address],
    [["-o", "User=joe"], address],
    [["-oUSER joe"], address],
    [["-v", "-o", "  user  =joe"], address],
    [
      ["-o", "HostName=x"],
      ["-l", "root"],
    ],
    [["-vohostname=x"], ["-l", "root"]],
    [["-o", "User=joe", "-oHostname x"], []],
    [["-o", "UserKnownHostsFile=x", "-i", "-l"], ours],
  ])("%j: what the user says is not said again", (words, added) => {
    expect(all(words)).toEqual(["db3", ...words, ...added, "|"]);
  });

  test("name what the machine says, and no more", () => {
    expect(all([], { user: null })).toEqual(["db3", ...address, "|"]);
    expect(all([], { address: null })).toEqual(["db3", "-l", "root", "|"]);
    expect(all([], { address: "fe80::1%eth0" })).toContain("HostName=fe80::1%%eth0");
  });

  test("go to the address where the machine's name is none for ssh, under a name that is no other machine's", () => {
    for (const [name, shown] of [
      ["Web server", "web-server"],
      ["a/b", "a-b"],
      ["joe@db3", "joe-db3"],
      [" -oProxyCommand=x", "oproxycommand-x"],
      ["*", ""],
      ["x".repeat(255), "x".repeat(255)],
      ["x ".repeat(100), "x-".repeat(20)],
      [`db3+${id}`, "db3-0b6a8c52-9f3e-4d17-8a1e-2c5d7f904b36"],
    ] as const) {
      const host = /^x+$/.test(name) ? name : `${shown}+${id}`;
      expect(hostOf({ name, id })).toBe(host);
      expect(all(["-v"], called(name))).toEqual([host, "-v", ...ours, "|"]);
      expect(all(["-oHostName=x"], { ...called(name), user: null, address: null })[0]).toBe(host);
      if (host === name) continue;
      expect(() => all([], { ...called(name), address: null })).toThrow(
        `'${name}' is no name of a host; store its address`,
      );
    }
  });

  test.each([
    ...[
      "",
      "-lx",
      "-oProxyCommand=x",
      "a b",
      "a\tb",
      "a\nb",
      "a\0b",
      "$(x)",
      "`x`",
      "a;b",
      'a"b',
      "a'b",
      "a|b",
      "a&b",
    ],
    ...["%h", "a#b", "ä", "[::1]", "10.0.0.0/8", "a,b", "a\\"],
  ])("take no %j from a machine", (text) => {
    const end = "; store the right one, or say it to ssh behind the machine";
    expect(() => all([], { address: text })).toThrow(`'ip-address' of 'db3' is no address of a host${end}`);
    expect(() => all([], { user: text })).toThrow(`'ssh-username' of 'db3' is no name of a user${end}`);
    // What the user says stands in its place.
    expect(all(["-l", "joe", "-oHostName=x"], { address: text, user: text })).toHaveLength(5);
  });

  test.each(["root", "db_admin", "joe@example.com", "EXAMPLE\\joe", "a+b", "x.y-z"])(
    "take %s for a user",
    (user) => {
      expect(all([], { user })).toContain(user);
    },
  );
});

describe("what a machine says is not even read", () => {
  const digest = "0".repeat(64);
  const common = { digest, size: 4, revision: 1 };

  test("where it is encrypted: it would be among the arguments of ssh", () => {
    const encrypted = { ...common, kind: "encrypted", commitment: digest } as const;
    expect(() => checkMayBeSaid({ name: "db 3", id }, "ssh-username", encrypted)).toThrow(
      "'ssh-username' of 'db 3' is encrypted, but everyone on this host can read what ssh is told; store it in clear with pstore 'db 3' -ps ssh-username, or say it to ssh behind the machine",
    );
  });

  test("where it is too long for any", () => {
    const of = (size: number) => ({ ...common, size, kind: "public" }) as const;
    expect(() => checkMayBeSaid({ name: "db3", id }, "ip-address", of(256))).not.toThrow();
    expect(() => checkMayBeSaid({ name: "db3", id }, "ip-address", of(257))).toThrow(
      "'ip-address' of 'db3' has 257 bytes, more than any address of a host; store the right one, or say it to ssh behind the machine",
    );
  });
});
