// mdoc(7), as far as the manual pages need it.
import type { Example } from "./examples.ts";

/** The longest line, in characters. */
const width = 78;

/** Signs that roff reads as something else, or prints as another one than is to be typed. */
const escapes: Readonly<Record<string, string>> = {
  "\\": "\\e",
  "'": "\\(aq",
  "`": "\\(ga",
  "^": "\\(ha",
  "~": "\\(ti",
  // Three points end no sentence.
  "…": "...\\&",
};

/** A text that is printed as it is. */
export function escaped(text: string): string {
  return text
    .replace(/[\\'`^~…]/g, (sign) => escapes[sign] ?? sign)
    .replace(/[^\x20-\x7e]/gu, (sign) => `\\[u${codePoint(sign)}]`)
    .replaceAll("-", "\\-")
    .replace(/^\./, "\\&.");
}

function codePoint(sign: string): string {
  return (sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
}

/** A text in lines that fit, of which each sentence begins one; what stands in back quotes is bold. */
export function prose(text: string): string {
  const sentences = text.split(/(?<=[A-Za-z0-9)`'"}\]][.!?]) (?=[^a-z0-9]|pstore\b|tofu\b)/);
  return sentences.flatMap((sentence) => lines(sentence)).join("\n");
}

function lines(sentence: string): readonly string[] {
  const parts = sentence.split("`");
  const marked = parts
    .map((part, at) => (at % 2 === 0 ? escaped(part) : `\\fB${escaped(part)}\\fP`))
    .join("");
  const made: string[] = [];
  // What is no plain word is not hyphenated: it may have to be typed.
  const words = marked.split(" ").map((word) => (/^[A-Za-z]*[.,;:)]*$/.test(word) ? word : `\\%${word}`));
  for (const word of words) {
    const last = made.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) made.push(word);
    else made[made.length - 1] = `${last} ${word}`;
  }
  return made;
}

export function paragraphs(texts: readonly string[]): string {
  return texts.map(prose).join("\n.Pp\n");
}

export function section(title: string, ...parts: readonly string[]): string {
  return [`.Sh ${title}`, ...parts].join("\n");
}

export function subsection(title: string, ...parts: readonly string[]): string {
  return [`.Ss ${escaped(title)}`, ...parts].join("\n");
}

/** A list of terms (arguments of a macro), and what each of them means. */
export function definitions(rows: readonly (readonly [term: string, meaning: string])[]): string {
  return [".Bl -tag -width Ds", ...rows.map(([term, meaning]) => `.It ${term}\n${meaning}`), ".El"].join(
    "\n",
  );
}

/** Lines as they are to be typed. */
export function literal(lines: readonly string[]): string {
  return [".Bd -literal -offset 4n", ...lines.map(escaped), ".Ed"].join("\n");
}

/** Options and other words: `-o, --output FILE`. */
export function term(text: string): string {
  const parts = text.split(/(, | )/).filter((part) => part !== " " && part !== "");
  return parts
    .map((part) => {
      if (part === ", ") return ",";
      return part.startsWith("-") ? `Fl ${escaped(part.slice(1))}` : `Ar ${escaped(part)}`;
    })
    .join(" ");
}

/** A command line that shows how the program is called: `pstore -c MACHINE [+USER]…`. */
export function usage(line: string): string {
  const words = line.split(" ").slice(1);
  const macros = words.map((word) => {
    const [, optional, more] = /^\[(.+)\](…?)$/.exec(word) ?? [];
    if (optional !== undefined) return `Op Ar ${escaped(optional)}${more === "" ? "" : " ..."}`;
    return word.startsWith("-") ? `Fl ${word.slice(1)}` : `Ar ${escaped(word)}`;
  });
  return ["Nm", ...macros].join(" ");
}

export function examples(all: readonly Example[]): readonly string[] {
  return all.map(({ title, text, lines }) => subsection(title, prose(text), literal(lines)));
}

/** A text as a sentence. */
export function capital(text: string): string {
  return /^(?:pstore|tofu)\b/.test(text) ? `${text}.` : `${text[0]?.toUpperCase() ?? ""}${text.slice(1)}.`;
}

/** A whole page. */
export function page(about: {
  readonly name: string;
  readonly section: number;
  readonly date: string;
  readonly sections: readonly string[];
}): string {
  const { name, section, date, sections } = about;
  return [
    `.\\" Made from the program's own tables and texts by: npm run generate`,
    `.Dd ${date}`,
    `.Dt ${name.toUpperCase()} ${section}`,
    ".Os",
    ...sections,
    "",
  ].join("\n");
}
