import { describe, expect, test } from "bun:test";
import { Problem } from "@pstore/core/problem";
import fc from "fast-check";
import { readArguments } from "./arguments.ts";

function refusal(words: readonly string[], file: readonly string[] = []): string {
  try {
    readArguments(words, file);
  } catch (error) {
    if (error instanceof Problem) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error(`accepted: ${words.join(" ")}`);
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
    const file = ["--user=joe", "--store-url=https://a", "-v"];
    expect(readArguments([], file).options).toMatchObject({
      user: "joe",
      storeUrls: ["https://a"],
      verbose: true,
    });
    const given = readArguments(["--user=alex", "--store-url=https://b"], file);
    expect(given.options).toMatchObject({ user: "alex", storeUrls: ["https://b"], verbose: true });
  });

  test("cannot weaken a check for good", () => {
    expect(refusal([], ["--accept-unsigned"])).toContain("not in ~/.pstorerc");
    expect(refusal([], ["--trust=joe"])).toContain("not in ~/.pstorerc");
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
