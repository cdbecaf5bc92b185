import { describe, expect, test } from "bun:test";
import { Problem } from "@pstore/core/problem";
import fc from "fast-check";
import { readArguments } from "./arguments.ts";
import { parseRc } from "./rc-words.ts";

function refusal(words: readonly string[], file = "", contextVariable?: string): string {
  try {
    withFile(file, words, contextVariable);
  } catch (error) {
    if (error instanceof Problem) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error(`accepted: ${words.join(" ")}`);
}

function withFile(file: string, words: readonly string[] = [], contextVariable?: string) {
  return readArguments(words, () => parseRc(file, "rc"), contextVariable);
}

describe("words", () => {
  test("the first plain word is the machine, the second the property, and options stand anywhere", () => {
    for (const words of [
      ["-pg", "X", "key"],
      ["X", "-pg", "key"],
      ["X", "key", "-pg"],
      ["X", "key"],
    ]) {
      const { machine, property, options } = readArguments(words);
      expect({ machine, property, mode: options.mode }).toEqual({
        machine: "X",
        property: "key",
        mode: "get",
      });
    }
  });

  test("+user and ^user are users, each once; +user:read may only read", () => {
    const { machine, allow, revoke } = readArguments(["+joe", "X", "^alex", "+joe", "+a@b:read"]);
    expect({ machine, revoke }).toEqual({ machine: "X", revoke: ["alex"] });
    expect(allow).toEqual([
      { user: "joe", access: "write" },
      { user: "a@b", access: "read" },
    ]);
    expect(refusal(["X", "+joe", "+joe:read"])).toContain("contradict");
    expect(refusal(["X", "+joe:admin"])).toContain("+joe:read");
    expect(refusal(["X", "+joe", "^joe"])).toContain("contradict");
    expect(refusal(["X", "+"])).toStartWith("bad-name");
  });

  test("a property may begin as a user does, where one must be named and no plain word is left for it", () => {
    expect(readArguments(["X", "-ps", "+1"])).toMatchObject({ property: "+1", allow: [] });
    expect(readArguments(["X", "-pe", "key", "^joe", "+alex"])).toMatchObject({
      property: "key",
      allow: [{ user: "alex", access: "write" }],
      revoke: ["joe"],
    });
  });

  test("-- ends the options", () => {
    expect(readArguments(["-pg", "X", "--", "-v"])).toMatchObject({
      property: "-v",
      options: { verbose: false },
    });
    expect(refusal(["--", "-X"])).toStartWith("bad-name");
  });

  test("a third word is one too many", () => {
    expect(refusal(["a", "b", "c"])).toBe(
      "usage: 'c' is one word too many; give a machine and a property at most",
    );
  });

  test("property names are lower-cased, machine names are not", () => {
    expect(readArguments(["Web", "KEY"])).toMatchObject({ machine: "Web", property: "key" });
  });
});

describe("options", () => {
  test("single letters may be joined, and one with an argument takes the rest", () => {
    expect(readArguments(["-av"]).options).toMatchObject({ all: true, verbose: true });
    expect(readArguments(["-vujoe"]).options).toMatchObject({ user: "joe", verbose: true });
    expect(readArguments(["-vu", "joe", "X"])).toMatchObject({ machine: "X", options: { user: "joe" } });
  });

  test("-ps is one option", () => {
    expect(readArguments(["X", "-ps", "a"]).options.mode).toBe("set-public");
    expect(refusal(["X", "-psv", "a"])).toContain("no option '-psv'");
  });

  test("long options take their argument behind = or as the next word", () => {
    expect(readArguments(["--user=joe"]).options.user).toBe("joe");
    expect(readArguments(["--user", "joe"]).options.user).toBe("joe");
    expect(readArguments(["--output=a=b"]).options.output).toBe("a=b");
    expect(refusal(["--user"])).toContain("lacks its argument USER");
    expect(refusal(["--all=1"])).toContain("takes no argument");
    expect(refusal(["--nonsense"])).toContain("no option '--nonsense'");
  });

  test("two commands at once are refused, but help is always given", () => {
    expect(refusal(["-c", "-P", "X"])).toContain("cannot stand beside");
    expect(readArguments(["-c", "-h"]).options.mode).toBe("help");
    expect(readArguments(["-h", "-c"]).options.mode).toBe("help");
  });

  test("store URLs lose their trailing slashes, and keep their order", () => {
    expect(readArguments(["--store-url=https://a/", "--store-url=https://b//"]).options.storeUrls).toEqual([
      "https://a",
      "https://b",
    ]);
  });
});

describe(".pstorerc", () => {
  test("is read before the real words, which win", () => {
    const file = "--user=joe\n--store-url=https://a -v";
    expect(withFile(file).options).toMatchObject({
      user: "joe",
      storeUrls: ["https://a"],
      verbose: true,
    });
    const given = withFile(file, ["--user=alex", "--store-url=https://b"]);
    expect(given.options).toMatchObject({ user: "alex", storeUrls: ["https://b"], verbose: true });
  });

  test("cannot weaken a check for good", () => {
    for (const word of ["--accept-unsigned", "--trust=joe"]) {
      const name = word.split("=")[0];
      expect(refusal([], `-v\n${word}`)).toBe(
        `usage: rc:2: ${name} may stand on the command line only; remove it here`,
      );
    }
  });

  test("is not even looked at for help, version and completion scripts", () => {
    const never = () => {
      throw new Error("was read");
    };
    for (const words of [["-vh"], ["X", "--help"], ["--version"], ["--completion=bash"], ["-tx", "-h"]])
      expect(readArguments(words, never, "nowhere").options.mode).not.toBeNull();
    for (const words of [["--", "-h"], ["--ssh", "X", "-h"], ["-u", "-h"], []])
      expect(() => readArguments(words, never)).toThrow("was read");
  });

  test("has each fault named with its line", () => {
    for (const [line, says] of [
      ["--foo", "usage: rc:3: there is no option '--foo'"],
      ["-vx", "usage: rc:3: there is no option '-vx'"],
      ["--verbose=1", "usage: rc:3: --verbose takes no argument"],
      ["--user", "usage: rc:3: --user lacks its argument USER"],
      ["--user=a:b", "bad-name: rc:3: 'a:b' is no user name"],
      ["--store-url=ftp://x", "usage: rc:3: 'ftp://x' is no store URL"],
      ["--trust-mode=no", "usage: rc:3: --trust-mode is"],
      ["-c", "usage: rc:3: -c cannot stand beside -pl"],
      ["ä", "bad-name: rc:3: the machine name"],
      ["a é", "bad-name: rc:3: the property name"],
      ["a b c", "usage: rc:3: 'c' is one word too many"],
      ["+a:b", "usage: rc:3: '+a:b' is no access"],
      ["+", "bad-name: rc:3: "],
      ["^é", "bad-name: rc:3: "],
      ["-tx", "usage: rc:3: there is no context 'x' in ~/.pstorerc: it has no sections"],
    ] as const) {
      expect(refusal([], `# A comment.\n-pl\n${line}`)).toStartWith(says);
    }
    // What the command line adds is not the file's fault.
    expect(refusal(["b", "c"], "a")).toStartWith("usage: 'c' is one word too many");
  });
});

test("$PSTORE_IDENTITY stands between the file and the command line", () => {
  const file = () => parseRc("--identity ~/a\n[work]\n--identity ~/w", "rc");
  const of = (words: readonly string[], variable?: string) =>
    readArguments(words, file, undefined, variable).options.identities;
  for (const unset of [undefined, "", ":"]) expect(of([], unset)).toEqual(["~/a"]);
  expect(of([], "~/b:/c d:e")).toEqual(["~/b", "/c d", "e"]);
  expect(of(["-twork"], "~/b")).toEqual(["~/b"]);
  expect(of(["--identity=x"], "~/b")).toEqual(["x"]);
  expect(readArguments([], undefined, undefined, "~/b").options.identities).toEqual(["~/b"]);
});

describe("sections of .pstorerc", () => {
  const file = `-u joe --store-url https://common
[work]
--store-url https://w1 --store-url https://w2 -v
[home]
-u alex -pl`;

  test("hold when they are chosen: by -t, then $PSTORE_CONTEXT, then -t above them in the file", () => {
    const work = { user: "joe", storeUrls: ["https://w1", "https://w2"], verbose: true, mode: null };
    const home = { user: "alex", storeUrls: ["https://common"], verbose: false, mode: "list-properties" };
    expect(withFile(file).options).toMatchObject({ user: "joe", storeUrls: ["https://common"] });
    for (const words of [["-twork"], ["-t", "work"], ["--context=work", "X"]])
      expect(withFile(file, words, "home").options).toMatchObject(work);
    expect(withFile(file, [], "home").options).toMatchObject(home);
    expect(withFile(`-t home ${file}`).options).toMatchObject(home);
    expect(withFile(`-t home ${file}`, [], "").options).toMatchObject(home);
    expect(withFile(`-t home ${file}`, [], "work").options).toMatchObject(work);
    expect(withFile(`-t home ${file}`, ["-twork"], "nowhere").options).toMatchObject(work);
  });

  test("give way to the command line", () => {
    expect(
      withFile(file, ["-t", "home", "-pg", "X", "p", "-uwalter", "--store-url=https://z"]).options,
    ).toMatchObject({ user: "walter", storeUrls: ["https://z"], mode: "get" });
  });

  test("have key files that take the place of those above them", () => {
    const text = "--identity ~/a --identity ~/b\n[work]\n--identity ~/w\n[home]\n-v";
    const of = (words: readonly string[]) => withFile(text, words).options.identities;
    expect(of([])).toEqual(["~/a", "~/b"]);
    expect(of(["-thome"])).toEqual(["~/a", "~/b"]);
    expect(of(["-twork"])).toEqual(["~/w"]);
    expect(of(["-twork", "--identity=x", "--identity", "y"])).toEqual(["x", "y"]);
    expect(refusal(["--identity="])).toContain("--identity names no file");
  });

  test("are listed where the one that is named is none of them", () => {
    const says = "there is no context 'no' in ~/.pstorerc: there are home, work";
    expect(refusal(["-t", "no"], file)).toBe(`usage: ${says}`);
    expect(refusal([], file, "no")).toBe(`usage: ${says}`);
    expect(refusal([], `-v\n-t no ${file}`)).toBe(`usage: rc:2: ${says}`);
  });

  test("cannot choose another section, and are not read when they are not chosen", () => {
    const bad = `${file}\n[bad]\n-t work\n[worse]\n--foo`;
    expect(refusal(["-tbad"], bad)).toStartWith("usage: rc:7: -t chooses a section");
    expect(refusal(["-tworse"], bad)).toStartWith("usage: rc:9: there is no option '--foo'");
    expect(withFile(bad, ["-twork"]).options.verbose).toBe(true);
  });

  test("may say what is run, and the command line how", () => {
    const login = "[login]\n--ssh\n[env]\n--run --prefix=X_";
    expect(withFile(login, ["-tlogin", "web", "-L", "80:a:80", "uptime"])).toMatchObject({
      machine: "web",
      command: ["-L", "80:a:80", "uptime"],
    });
    expect(withFile(login, ["-tenv", "web", "db", "--", "make", "-j2"])).toMatchObject({
      machines: ["web", "db"],
      command: ["make", "-j2"],
    });
  });
});

test("any words are read or refused with a problem", () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom("-c", "-u", "--user", "+joe", "^joe", "--", "-ps", "X", "--json"),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), (words) => {
      try {
        readArguments(words);
      } catch (error) {
        expect(error).toBeInstanceOf(Problem);
      }
    }),
  );
});
