import { type Environment, wholeNumber } from "../config.ts";

/** What was given on the command line, by the names of options. */
export type Given = Readonly<Record<string, unknown>>;

/** An option of `serve`; the variable that stands for it is named like it: `PSTORE_SESSION_TIME` for `--session-time`. */
export interface Option<T> {
  /** Without its `--`. */
  readonly name: string;
  /** Whether it may be given more than once; its variable then holds several words. */
  readonly isRepeatable: boolean;
  /** Its paragraph of `--help`, set as it is shown. */
  readonly help: string;
  /**
   * @param texts what was given; none: nobody said
   * @throws Problem `usage`
   */
  read(texts: readonly string[]): T;
}

/** What a table of options says, under the keys of the table. */
export type Values<Table> = {
  readonly [Key in keyof Table]: Table[Key] extends Option<infer T> ? T : never;
};

interface Described {
  readonly name: string;
  readonly help: string;
}

/** An option that is given once; `otherwise` is what it says where nobody gave it. */
export function single<T, const D>(
  described: Described & { readonly otherwise: D; read(text: string): T },
): Option<T | D> {
  const { otherwise, read, ...rest } = described;
  return {
    ...rest,
    isRepeatable: false,
    read: ([text]) => (text === undefined ? otherwise : read(text)),
  };
}

export function repeatable<T>(described: Described & { read(texts: readonly string[]): T }): Option<T> {
  return { ...described, isRepeatable: true };
}

/** An option that takes a whole number. */
export function numeric(
  described: Described & {
    /** For the sentence: `the WHAT '…' is no whole number from … to …`. */
    readonly what: string;
    readonly otherwise: number;
    readonly least: number;
    readonly most: number;
  },
): Option<number> {
  const { what, otherwise, least, most, ...rest } = described;
  return single({ ...rest, otherwise, read: (text) => wholeNumber(what, text, otherwise, { least, most }) });
}

/** What `parseArgs` is told of a table. */
export function argumentsOf(
  table: Readonly<Record<string, Option<unknown>>>,
): Record<string, { type: "string"; multiple: boolean }> {
  return Object.fromEntries(
    Object.values(table).map(({ name, isRepeatable }) => [name, { type: "string", multiple: isRepeatable }]),
  );
}

/** The variable that stands for an option. */
export function variableOf({ name }: Described): string {
  return `PSTORE_${name.toUpperCase().replaceAll("-", "_")}`;
}

/**
 * What the options of a table say: by the command line, else the environment, else their default.
 * @throws Problem `usage`
 */
export function readOptions<const Table extends Readonly<Record<string, Option<unknown>>>>(
  table: Table,
  given: Given,
  env: Environment,
): Values<Table> {
  const entries = Object.entries(table).map(([key, option]) => [
    key,
    option.read(textsOf(given[option.name]) ?? wordsOf(option, env[variableOf(option)] ?? "")),
  ]);
  return Object.fromEntries(entries) as Values<Table>;
}

function textsOf(value: unknown): readonly string[] | undefined {
  return value === undefined ? undefined : ([value].flat() as string[]);
}

function wordsOf({ isRepeatable }: Option<unknown>, text: string): readonly string[] {
  if (text === "") return [];
  return isRepeatable ? text.split(/\s+/).filter((word) => word !== "") : [text];
}
