/** A pattern of names: `*` is any text, `?` any character, `[abc]`, `[a-f]` and `[!abc]` one of a set. */
export interface Pattern {
  matches(name: string): boolean;
  /** A text that every name that fits contains. */
  readonly literal: string;
}

/** What is written for one place of a name; a bracket that is never closed stands for itself. */
const token = /\*+|\?|\[(!?)([^\]]+)\]|[^*?]/gs;

export function readPattern(text: string): Pattern {
  let source = "";
  const literals = [""];
  for (const [word, not, set] of text.matchAll(token)) {
    if (set !== undefined) source += `[${not === "!" ? "^" : ""}${set.replace(/[\\\]^]/g, "\\$&")}]`;
    else if (word.startsWith("*")) source += ".*";
    else if (word === "?") source += ".";
    else {
      source += word.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
      literals[literals.length - 1] += word;
      continue;
    }
    literals.push("");
  }
  const whole = setOrText(source);
  const literal = literals.reduce((longest, one) => (one.length > longest.length ? one : longest));
  return { matches: (name) => whole.test(name), literal };
}

/** A set that is none (`[z-a]`) fits nothing. */
function setOrText(source: string): RegExp {
  try {
    return new RegExp(`^${source}$`, "s");
  } catch {
    return /(?!)/;
  }
}
