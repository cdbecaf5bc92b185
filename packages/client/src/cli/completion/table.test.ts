import { describe, expect, test } from "bun:test";
import { options } from "../options/all.ts";
import { shells } from "../options/option.ts";
import { completionScript } from "./script.ts";
import { follows, rows } from "./table.ts";

const row = (name: string) => {
  const found = rows.find(({ names }) => names.includes(name));
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
};

test("what an argument is completed with follows from its name in the table of options", () => {
  expect(row("--output").kind).toBe("file");
  expect(row("--offboard").kind).toBe("user");
  expect(row("--context").kind).toBe("context");
  expect(row("--trust-mode")).toMatchObject({ kind: "words", words: ["tofu", "strict"] });
  expect(row("--completion")).toMatchObject({ kind: "words", words: shells });
  expect(row("--generate").kind).toBeNull();
});

test("which words follow an option follows from the table of modes", () => {
  expect(follows(null)).toBe("mp+^");
  expect(row("-c").follows).toBe("+");
  expect(row("-pg").follows).toBe("mp");
  expect(row("-ps").follows).toBe("mp+^");
  expect(row("-pl").follows).toBe("m");
  expect(row("--run").follows).toBe("M");
  expect(row("--search").follows).toBe("");
  expect(row("-v").follows).toBeNull();
});

describe.each([...shells])("the script for %s", (shell) => {
  const script = completionScript(shell);

  test("is filled in everywhere, and offers every option but those that completion itself calls", () => {
    expect(script).not.toMatch(/@[A-Z]+@/);
    for (const option of options) {
      const isInternal = option.mode?.startsWith("lookup-") ?? false;
      const offered = option.names.filter((name) => offers(name));
      expect(offered).toEqual(isInternal ? [] : [...option.names]);
    }
  });

  const offers = (name: string) => {
    if (shell === "bash")
      return /printf '%s\\n' (-c .*)\)/.exec(script)?.[1]?.split(" ").includes(name) ?? false;
    if (shell === "zsh") return script.includes(` '${name}:`);
    const shape = name.startsWith("--")
      ? `-l ${name.slice(2)}`
      : `-${name.length === 2 ? "s" : "o"} ${name.slice(1)}`;
    return script.includes(` ${shape} `);
  };

  test.skipIf(Bun.which(shell) === null)("is well-formed", () => {
    const { exitCode, stderr } = Bun.spawnSync([shell, "-n"], { stdin: Buffer.from(script) });
    expect({ exitCode, stderr: stderr.toString() }).toEqual({ exitCode: 0, stderr: "" });
  });
});
