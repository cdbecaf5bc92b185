import { describe, expect, test } from "bun:test";
import { type Login, sshWords } from "./ssh-words.ts";

const login: Login = { machine: "db3", user: "root", address: "10.0.0.3" };
const ours = ["-l", "root", "-o", "HostName=10.0.0.3"];
const all = (words: readonly string[], change: Partial<Login> = {}) => {
  const { before, behind } = sshWords({ ...login, ...change }, words);
  return [...before, "|", ...behind];
};

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
    expect(sshWords({ ...login, address: null }, []).address).toBeNull();
    expect(sshWords(login, []).address).toBe("10.0.0.3");
    expect(sshWords(login, ["-oHostName=x"]).address).toBeNull();
    expect(all([], { address: "fe80::1%eth0" })).toContain("HostName=fe80::1%%eth0");
  });

  test("go to the address where the machine's name is none for ssh", () => {
    for (const machine of ["web server", "a/b", "joe@db3", "ssh:db3@x", "ü"]) {
      expect(all(["-v"], { machine })).toEqual(["10.0.0.3", "-v", "-l", "root", "|"]);
      expect(() => all([], { machine, address: null })).toThrow(
        `'${machine}' is no name of a host; store its address`,
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
    expect(() => all([], { address: text })).toThrow("'ip-address' of 'db3' is ");
    if (text !== "10.0.0.0/8") expect(() => all([], { user: text })).toThrow("'ssh-username' of 'db3' is ");
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
