// Reads a Containerfile (Dockerfile reference, "Overview"), as far as ours goes: what it does not know, it refuses.

export interface Instruction {
  /** In capitals. */
  readonly name: string;
  /** What stands behind it, lines joined. */
  readonly text: string;
}

const known = ["FROM", "RUN", "COPY", "USER", "ENV", "VOLUME", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"];

export function readContainerfile(text: string): readonly Instruction[] {
  return text
    .split("\n")
    .filter((line) => !/^\s*#/.test(line))
    .join("\n")
    .replaceAll(/\\\n/g, "")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [, name = "", rest = ""] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
      if (!known.includes(name)) throw new Error(`the test does not know '${line}'`);
      return { name, text: rest.trim() };
    });
}

/** The words of an instruction in its JSON form. */
export function jsonWords(text: string): readonly string[] {
  return JSON.parse(text) as string[];
}
