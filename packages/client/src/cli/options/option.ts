import { Problem } from "@pstore/core/problem";
import type { Mode } from "../modes.ts";

export type TrustMode = "tofu" | "strict";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** What the command line (and `.pstorerc` before it) says, options first to last. */
export interface Options {
  mode: Mode | null;
  /** How the option was called that said so. */
  modeOption: string | null;
  /** Where it stands in `.pstorerc`, as FILE:LINE. */
  modePlace: string | null;
  user: string | null;
  /** Without trailing slashes, in the order in which they are tried. */
  storeUrls: string[];
  /** The section of `.pstorerc` that holds. */
  context: string | null;
  all: boolean;
  verbose: boolean;
  yes: boolean;
  json: boolean;
  session: boolean;
  output: string | null;
  /** To the clipboard instead of stdout. */
  clip: boolean;
  trustMode: TrustMode;
  trust: string[];
  acceptUnsigned: boolean;
  allowHttp: boolean;
  /** For how many seconds a request that is not answered is repeated; `null`: as usual. */
  patience: number | null;
  /** The file of `--ca-file`, as it was named. */
  caFile: string | null;
  /** A pattern in place of a machine's name. */
  each: string | null;
  /** The new name of `--rename`. */
  rename: string | null;
  /** The revision of `--restore`. */
  restore: number | null;
  /** What `-s` searches for. */
  search: string | null;
  /** The user of `--offboard`. */
  offboard: string | null;
  /** How many characters a generated password gets. */
  generate: number | null;
  /** How many words a generated password gets. */
  words: number | null;
  /** The only properties that `--run` hands on; none: all. */
  only: string[];
  /** What the variables of `--run` begin with. */
  prefix: string;
  /** The file of `--template`. */
  template: string | null;
  /** The key files of `--identity`. */
  identities: string[];
  /** The file descriptor of `--passphrase-fd`. */
  passphraseFd: number | null;
  /** Members that nothing can be encrypted to stay, without a wrapped key. */
  pending: boolean;
  /** The users of `--pending`, to be let in; none: all. */
  letIn: string[];
  /** The user of `--rewrap`; empty: oneself. */
  rewrap: string | null;
  /** The user of `--keys`; empty: all that one shares with. */
  keysOf: string | null;
  /** The shell of `--completion`. */
  completion: Shell | null;
}

export function defaultOptions(): Options {
  return {
    mode: null,
    modeOption: null,
    modePlace: null,
    user: null,
    storeUrls: [],
    context: null,
    all: false,
    verbose: false,
    yes: false,
    json: false,
    session: true,
    output: null,
    clip: false,
    trustMode: "tofu",
    trust: [],
    acceptUnsigned: false,
    allowHttp: false,
    patience: null,
    caFile: null,
    each: null,
    rename: null,
    restore: null,
    search: null,
    offboard: null,
    generate: null,
    words: null,
    only: [],
    prefix: "",
    template: null,
    identities: [],
    passphraseFd: null,
    pending: false,
    letIn: [],
    rewrap: null,
    keysOf: null,
    completion: null,
  };
}

/** One option: how it is written, what `--help` says of it, and what it sets. */
export interface Option {
  readonly names: readonly string[];
  /** The name of its argument, where it has one. */
  readonly argument?: string;
  /** The argument may be left out, and stands only behind `=`. */
  readonly isOptional?: true;
  readonly help: string;
  /** What `--help --verbose` says beyond that. */
  readonly more?: string;
  /** Only `--help --verbose` lists it. */
  readonly isRare?: true;
  /** It weakens a check for once, and so cannot be made a habit in `.pstorerc`. */
  readonly neverFromFile?: true;
  /** It says which section of `.pstorerc` holds, and so cannot stand in one. */
  readonly neverFromSection?: true;
  /** It says which store is asked, and as whom: completion hands it on when it asks for names. */
  readonly isForLookups?: true;
  /** What is done where it is given, for those that say so. */
  readonly mode?: Mode;
  /**
   * @param argument empty where the option has none, or an optional one was left out
   * @throws Problem `usage` when the argument is not one it takes
   */
  set(options: Options, argument: string): void;
}

/** Options that `--help` lists together. */
export interface OptionGroup {
  readonly title: string;
  readonly options: readonly Option[];
}

/** An option that says what is done; only one of these may be given. */
export function command(
  option: Omit<Option, "set" | "mode"> & Partial<Pick<Option, "set">>,
  mode: Mode,
): Option {
  return {
    ...option,
    mode,
    set(options, argument) {
      option.set?.(options, argument);
      if (options.mode === "help") return;
      if (options.mode !== null && options.mode !== mode) {
        throw new Problem(
          "usage",
          `${option.names[0]} cannot stand beside ${options.modeOption ?? "another command"}; give one of them`,
        );
      }
      options.mode = mode;
      options.modeOption = option.names[0] ?? null;
    },
  };
}

/** A whole number. @throws Problem `usage` unless it is from `least` to `most` */
export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw new Problem("usage", `${option} takes a whole number from ${least} to ${most}, not '${text}'`);
  return value;
}
