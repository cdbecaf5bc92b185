import { machineName, propertyName, userName } from "@pstore/core/names";
import { Problem } from "@pstore/core/problem";
import { defaultOptions, type Mode, type Option, type Options, options } from "./options.ts";

/** A command line, read. */
export interface Arguments {
  readonly options: Readonly<Options>;
  readonly machine: string | null;
  readonly property: string | null;
  /** The users of `+USER`. */
  readonly allow: readonly string[];
  /** The users of `^USER`. */
  readonly revoke: readonly string[];
}

const optionByName = new Map(options.flatMap((option) => option.names.map((name) => [name, option])));

/** The modes that need a machine and a property. */
const propertyModes: ReadonlySet<Mode | null> = new Set<Mode>(["get", "set-public", "set-encrypted"]);

/**
 * Reads a command line. What is no option is a machine, a property, `+user` or `^user`; the first plain word is the
 * machine, the second the property, and options stand anywhere.
 * @param fileWords the words of `.pstorerc`, read before the real ones
 * @throws Problem `usage` or `bad-name`
 */
export function readArguments(words: readonly string[], fileWords: readonly string[] = []): Arguments {
  const fromFile = readWords(fileWords, defaultOptions(), true);
  const defaults = { ...fromFile.options, storeUrls: [], mode: null };
  const { options, plain } = readWords(words, defaults, false);
  if (options.storeUrls.length === 0) options.storeUrls = fromFile.options.storeUrls;
  options.mode ??= fromFile.options.mode;
  return sortWords(options, [...fromFile.plain, ...plain]);
}

function readWords(
  words: readonly string[],
  options: Options,
  isFile: boolean,
): { options: Options; plain: string[] } {
  const plain: string[] = [];
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") {
      plain.push(...rest);
      break;
    }
    if (!word.startsWith("-") || word === "-") plain.push(word);
    else readOption(word, rest, options, isFile);
  }
  return { options, plain };
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
  const argument = option.argument === undefined ? "" : (given ?? rest.shift());
  if (argument === undefined) throw new Problem("usage", `${name} lacks its argument ${option.argument}`);
  option.set(options, argument);
}

function unknown(word: string): Problem {
  return new Problem("usage", `there is no option '${word}'; pstore --help lists them`);
}

function sortWords(options: Options, words: readonly string[]): Arguments {
  const users = words.filter((word) => /^[+^]/.test(word));
  const plain = words.filter((word) => !users.includes(word));
  // A property may begin with these signs too: where one must be named, and no plain word is left for it.
  if (propertyModes.has(options.mode) && plain.length === 1) plain.push(...users.splice(0, 1));
  const named = (sign: string) => [
    ...new Set(users.filter((word) => word[0] === sign).map((word) => userName(word.slice(1)))),
  ];
  const allow = named("+");
  const revoke = named("^");
  const both = allow.find((user) => revoke.includes(user));
  if (both !== undefined)
    throw new Problem("usage", `+${both} and ^${both} contradict each other; give one of them`);

  const [machine, property, ...more] = plain;
  if (more[0] !== undefined) {
    throw new Problem("usage", `'${more[0]}' is one word too many; give a machine and a property at most`);
  }
  // Two words print a property, as -pg does.
  if (property !== undefined && options.mode === null) options.mode = "get";
  return {
    options,
    machine: machine === undefined ? null : machineName(machine),
    property: property === undefined ? null : propertyName(property),
    allow,
    revoke,
  };
}
