import { Problem } from "@pstore/core/problem";
import type { Mode } from "./modes.ts";
import { options as known } from "./options/all.ts";
import { defaultOptions, type Option, type Options } from "./options/option.ts";
import { noRc, type Rc } from "./rc-words.ts";
import { inPlace, type Word } from "./word.ts";
import { type Arguments, sortWords } from "./words.ts";

/** What a layer of words says: the file's words above its sections, those of a section, the command line. */
interface Layer {
  readonly options: Options;
  readonly plain: readonly Word[];
  readonly command: readonly Word[];
  /** Where a context is named, in the file. */
  readonly contextPlace: string | null;
}

/** Where a layer stands. */
type Source = "file" | "section" | "line";

const optionByName = new Map(known.flatMap((option) => option.names.map((name) => [name, option])));

/** What is done without looking into `.pstorerc`: help is given whatever stands in it, and every new shell asks for its script. */
const withoutFile: readonly (Mode | null)[] = ["help", "version", "completion"];

/**
 * Reads a command line. What is no option is a machine, a property, `+user` or `^user`; the first plain word is the
 * machine, the second the property, and options stand anywhere.
 * @param file reads `.pstorerc`, whose words stand before the real ones
 * @param contextVariable the section of it that holds unless the command line names another; empty or none: the one
 *   that is named in the file above the sections, if any
 * @param identityVariable key files with colons between, which take the place of those in the file
 * @throws Problem `usage` or `bad-name`, with file and line where a word of the file is at fault
 */
export function readArguments(
  argv: readonly string[],
  file: () => Rc = () => noRc,
  contextVariable?: string,
  identityVariable?: string,
): Arguments {
  const words = argv.map((text) => ({ text, place: null }));
  const { mode, context } = glance(words);
  const readsFile = !withoutFile.includes(mode);
  const { common, sections } = readsFile ? file() : noRc;
  const nothing = { options: defaultOptions(), plain: [], command: [], contextPlace: null };
  const above = readLayer(common, nothing, "file");
  const section = readsFile ? sectionOf(sections, context ?? (contextVariable || null), above) : [];
  const before = readLayer(section, above, "section");
  const identities = (identityVariable ?? "").split(":").filter((file) => file !== "");
  if (identities.length > 0) before.options.identities = identities;
  const { options, plain, command } = readLayer(words, before, "line");
  return sortWords(options, plain, command);
}

/** What the command line says by itself: which section of the file holds, and whether the file matters at all. */
function glance(words: readonly Word[]): Options {
  const options = defaultOptions();
  try {
    readWords(words, options, null, "line");
  } catch {
    // It is read again, with the file before it: only then it is clear what is wrong with it.
  }
  return options;
}

/**
 * The words of the section that holds.
 * @param given the context that command line or environment name, before that of the file
 * @throws Problem `usage` when the file has no such section
 */
function sectionOf(
  sections: Rc["sections"],
  given: string | null,
  { options, contextPlace }: Layer,
): readonly Word[] {
  const context = given ?? options.context;
  if (context === null) return [];
  const section = sections.get(context);
  if (section !== undefined) return section;
  const names = [...sections.keys()].sort();
  const there = names.length === 0 ? "it has no sections" : `there are ${names.join(", ")}`;
  return inPlace({ text: context, place: given === null ? contextPlace : null }, () => {
    throw new Problem("usage", `there is no context '${context}' in ~/.pstorerc: ${there}`);
  });
}

/** Reads words over what the layers before them say: what is done, the store's URLs and key files are not added, but replaced. */
function readLayer(words: readonly Word[], before: Layer, source: Source): Layer {
  const options: Options = { ...before.options, storeUrls: [], identities: [], mode: null };
  const { plain, command, contextPlace } = readWords(words, options, before.options.mode, source);
  if (options.storeUrls.length === 0) options.storeUrls = before.options.storeUrls;
  if (options.identities.length === 0) options.identities = before.options.identities;
  options.mode ??= before.options.mode;
  return {
    options,
    plain: [...before.plain, ...plain],
    command: [...before.command, ...command],
    contextPlace,
  };
}

/** Reads words into options. @param mode what is done where they do not say it themselves */
function readWords(
  words: readonly Word[],
  options: Options,
  mode: Mode | null,
  source: Source,
): Omit<Layer, "options"> {
  const plain: Word[] = [];
  let command: Word[] = [];
  let contextPlace: string | null = null;
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const { text, place } = word;
    const { context } = options;
    if (text === "--") {
      // What follows is another program's with --run.
      if ((options.mode ?? mode) === "run") command = rest.splice(0);
      else plain.push(...rest.splice(0));
    } else if (text.startsWith("-") && text !== "-") {
      const before = options.mode;
      inPlace(word, () => readOption(text, rest, options, source));
      if (options.mode !== before) options.modePlace = place;
      if (options.context !== context) contextPlace = place;
    } else {
      plain.push(word);
      // What stands behind the machine is ssh's, its options too.
      if ((options.mode ?? mode) === "ssh") command = rest.splice(0);
    }
  }
  return { plain, command, contextPlace };
}

function readOption(word: string, rest: Word[], options: Options, source: Source): void {
  const whole = optionByName.get(word);
  if (whole !== undefined) {
    apply(whole, word, null, rest, options, source);
    return;
  }
  if (word.startsWith("--")) {
    const [name = "", ...value] = word.split("=");
    const option = optionByName.get(name);
    if (option === undefined || value.length === 0) throw unknown(word);
    if (option.argument === undefined) throw new Problem("usage", `${name} takes no argument`);
    apply(option, name, value.join("="), rest, options, source);
    return;
  }
  readLetters(word, rest, options, source);
}

/** Single letters may be joined (`-av`); one that takes an argument takes what follows (`-ujoe`). */
function readLetters(word: string, rest: Word[], options: Options, source: Source): void {
  for (let at = 1; at < word.length; at++) {
    const option = optionByName.get(`-${word[at]}`);
    if (option === undefined) throw unknown(word);
    if (option.argument !== undefined) {
      const joined = word.slice(at + 1);
      apply(option, `-${word[at]}`, joined === "" ? null : joined, rest, options, source);
      return;
    }
    apply(option, `-${word[at]}`, null, rest, options, source);
  }
}

function apply(
  option: Option,
  name: string,
  given: string | null,
  rest: Word[],
  options: Options,
  source: Source,
): void {
  if (source !== "line" && option.neverFromFile)
    throw new Problem("usage", `${name} may stand on the command line only; remove it here`);
  if (source === "section" && option.neverFromSection)
    throw new Problem("usage", `${name} chooses a section, and cannot stand in one; remove it here`);
  const takesNext = option.argument !== undefined && option.isOptional !== true;
  if (given === "" && option.isOptional === true)
    throw new Problem("usage", `${name}= lacks its ${option.argument}; give one, or ${name} alone`);
  const argument = given ?? (takesNext ? rest.shift()?.text : "");
  if (argument === undefined) throw new Problem("usage", `${name} lacks its argument ${option.argument}`);
  option.set(options, argument);
}

function unknown(word: string): Problem {
  return new Problem("usage", `there is no option '${word}'; pstore --help lists them`);
}
