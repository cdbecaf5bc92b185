import { Problem } from "@pstore/core/problem";
import { options as known } from "./options/all.ts";
import { defaultOptions, type Option, type Options } from "./options/option.ts";
import { type Arguments, sortWords } from "./words.ts";

/** The words of a command line that are no options. */
interface Words {
  readonly options: Options;
  readonly plain: string[];
  readonly command: string[];
}

const optionByName = new Map(known.flatMap((option) => option.names.map((name) => [name, option])));

/**
 * Reads a command line. What is no option is a machine, a property, `+user` or `^user`; the first plain word is the
 * machine, the second the property, and options stand anywhere.
 * @param fileWords the words of `.pstorerc`, read before the real ones
 * @throws Problem `usage` or `bad-name`
 */
export function readArguments(words: readonly string[], fileWords: readonly string[] = []): Arguments {
  const fromFile = readWords(fileWords, defaultOptions(), true);
  const defaults = { ...fromFile.options, storeUrls: [], mode: null };
  const { options, plain, command } = readWords(words, defaults, false);
  if (options.storeUrls.length === 0) options.storeUrls = fromFile.options.storeUrls;
  options.mode ??= fromFile.options.mode;
  return sortWords(options, [...fromFile.plain, ...plain], command);
}

function readWords(words: readonly string[], options: Options, isFile: boolean): Words {
  const plain: string[] = [];
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") {
      if (options.mode === "run") return { options, plain, command: rest };
      plain.push(...rest);
      break;
    }
    if (word.startsWith("-") && word !== "-") {
      readOption(word, rest, options, isFile);
      continue;
    }
    plain.push(word);
    // Whatever stands behind the machine is ssh's, its options too.
    if (options.mode === "ssh") return { options, plain, command: rest };
  }
  return { options, plain, command: [] };
}

function readOption(word: string, rest: string[], options: Options, isFile: boolean): void {
  const whole = optionByName.get(word);
  if (whole !== undefined) {
    apply(whole, word, null, rest, options, isFile);
    return;
  }
  if (word.startsWith("--")) {
    const [name = "", ...value] = word.split("=");
    const option = optionByName.get(name);
    if (option === undefined || value.length === 0) throw unknown(word);
    if (option.argument === undefined) throw new Problem("usage", `${name} takes no argument`);
    apply(option, name, value.join("="), rest, options, isFile);
    return;
  }
  readLetters(word, rest, options, isFile);
}

/** Single letters may be joined (`-av`); one that takes an argument takes what follows (`-ujoe`). */
function readLetters(word: string, rest: string[], options: Options, isFile: boolean): void {
  for (let at = 1; at < word.length; at++) {
    const option = optionByName.get(`-${word[at]}`);
    if (option === undefined) throw unknown(word);
    if (option.argument !== undefined) {
      const joined = word.slice(at + 1);
      apply(option, `-${word[at]}`, joined === "" ? null : joined, rest, options, isFile);
      return;
    }
    apply(option, `-${word[at]}`, null, rest, options, isFile);
  }
}

function apply(
  option: Option,
  name: string,
  given: string | null,
  rest: string[],
  options: Options,
  isFile: boolean,
): void {
  if (isFile && option.neverFromFile) {
    throw new Problem(
      "usage",
      `${name} may stand on the command line only, not in ~/.pstorerc; remove it there`,
    );
  }
  const takesNext = option.argument !== undefined && option.isOptional !== true;
  const argument = given ?? (takesNext ? rest.shift() : "");
  if (argument === undefined) throw new Problem("usage", `${name} lacks its argument ${option.argument}`);
  option.set(options, argument);
}

function unknown(word: string): Problem {
  return new Problem("usage", `there is no option '${word}'; pstore --help lists them`);
}
