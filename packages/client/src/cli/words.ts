import type { Grant } from "@pstore/core/manifest";
import { machineName, propertyName, userName } from "@pstore/core/names";
import { Problem } from "@pstore/core/problem";
import { habitHint } from "./habits.ts";
import { formOf } from "./modes.ts";
import type { Options } from "./options/option.ts";
import { inPlace, type Word } from "./word.ts";

/** A command line, read. */
export interface Arguments {
  readonly options: Readonly<Options>;
  /** The machine; of several, as `--run` takes them, the first. */
  readonly machine: string | null;
  readonly machines: readonly string[];
  readonly property: string | null;
  /** The users of `+USER` and `+USER:read`. */
  readonly allow: readonly Grant[];
  /** The users of `^USER`. */
  readonly revoke: readonly string[];
  /** What is another program's: behind the machine of `--ssh`, behind the `--` of `--run`. */
  readonly command: readonly string[];
  /** What `.pstorerc` says of this, as FILE:LINE and the word; empty: nothing. */
  readonly fromFile: string;
}

/**
 * Says of each word that is no option what it is.
 * @throws Problem `usage` or `bad-name`
 */
export function sortWords(options: Options, words: readonly Word[], behind: readonly Word[]): Arguments {
  const users = words.filter(({ text }) => /^[+^]/.test(text));
  const plain = words.filter((word) => !users.includes(word));
  const { each } = options;
  // A property may begin with these signs too: where one must be named, and no plain word is left for it.
  if (formOf(options.mode).property === "required" && plain.length === (each === null ? 1 : 0))
    plain.push(...users.splice(0, 1));
  const allow = grants(users.filter(({ text }) => text[0] === "+"));
  const revoke = [...new Set(users.filter(({ text }) => text[0] === "^").map((word) => userOf(word)))];
  const both = allow.find(({ user }) => revoke.includes(user))?.user;
  if (both !== undefined)
    throw new Problem("usage", `+${both} and ^${both} contradict each other; give one of them`);

  const command = behind.map(({ text }) => text);
  const fromFile = ofFile(options, plain);
  if (options.mode === "run") {
    const machines = plain.map(machineOf);
    return {
      options,
      machine: machines[0] ?? null,
      machines,
      property: null,
      allow,
      revoke,
      command,
      fromFile,
    };
  }
  const lone = options.generate !== null ? "--generate" : options.words !== null ? "--words" : null;
  const number = lone === null ? undefined : plain.slice(1).find(({ text }) => /^\d+$/.test(text));
  if (number !== undefined) {
    inPlace(number, () => {
      throw new Problem(
        "usage",
        `'${number.text}' is one word too many; did you mean ${lone}=${number.text}?`,
      );
    });
  }
  const [machine, property, more] = each === null ? plain : [undefined, ...plain];
  if (more !== undefined) {
    inPlace(more, () => {
      throw new Problem(
        "usage",
        `'${more.text}' is one word too many; ${habitHint(plain[0]?.text ?? "") ?? "give a machine and a property at most"}${more.place === null ? fromFile : ""}`,
      );
    });
  }
  // Two words print a property, as -pg does.
  if (property !== undefined && options.mode === null) options.mode = "get";
  const isAlone = machine === undefined && each === null && users.length === 0;
  if (options.pending && options.mode === null && isAlone) options.mode = "pending";
  const name = machine === undefined ? null : machineOf(machine);
  return {
    options,
    machine: name,
    machines: name === null ? [] : [name],
    property: property === undefined ? null : inPlace(property, () => propertyName(property.text)),
    allow,
    revoke,
    command,
    fromFile,
  };
}

function machineOf(word: Word): string {
  return inPlace(word, () => machineName(word.text));
}

/** The user of `^USER`, or of `+USER`. */
function userOf(word: Word, name: string = word.text.slice(1)): string {
  return inPlace(word, () => userName(name));
}

/** `+USER`, who may read and write, or `+USER:read`, who may only read. */
function grants(words: readonly Word[]): readonly Grant[] {
  const byUser = new Map<string, Grant>();
  for (const word of words) {
    const [name = "", access = "write", ...more] = word.text.slice(1).split(":");
    const user = userOf(word, name);
    inPlace(word, () => {
      if ((access !== "read" && access !== "write") || more.length > 0) {
        throw new Problem(
          "usage",
          `'${word.text}' is no access; give +${user}, or +${user}:read to let only read`,
        );
      }
      if (byUser.has(user) && byUser.get(user)?.access !== access) {
        throw new Problem("usage", `+${user} and +${user}:read contradict each other; give one of them`);
      }
      byUser.set(user, { user, access });
    });
  }
  return [...byUser.values()];
}

/** The words of `.pstorerc` beside which others may not fit, to be said behind a fault. */
function ofFile({ modeOption, modePlace }: Options, plain: readonly Word[]): string {
  const said = plain
    .filter(({ place }) => place !== null)
    .map(({ text, place }) => `${place} says '${text}'`);
  if (modePlace !== null) said.push(`${modePlace} says '${modeOption}'`);
  return said.length === 0 ? "" : ` (${said.join(", ")})`;
}

/** @throws Problem `usage` when the words do not fit what is to be done; it names those that `.pstorerc` says */
export function checkWords(args: Arguments): void {
  try {
    checkAll(args);
  } catch (error) {
    if (!(error instanceof Problem) || args.fromFile === "") throw error;
    throw new Problem(error.code, `${error.message}${args.fromFile}`, { cause: error });
  }
}

function checkAll({ options, machine, machines, property, allow, revoke, command }: Arguments): void {
  const { mode, each } = options;
  const form = formOf(mode);
  const [granted] = allow;
  if (options.letIn.length > 0 && mode !== "pending")
    throw new Problem(
      "usage",
      `--pending=${options.letIn[0]} lets in who waits, and stands alone; beside a change, --pending takes no user`,
    );
  const user = granted === undefined ? revoke[0] && `^${revoke[0]}` : `+${granted.user}`;
  if (each !== null && mode === "get" && property !== null)
    throw new Problem("usage", `--each stands in the machine's place: '${property}' is one word too many`);
  if (each !== null && (form.each !== true || (mode === null && user === undefined))) {
    throw new Problem("usage", "--each changes machines: give +USER, ^USER, -ps, -pe, -pd or -D beside it");
  }
  if (options.output !== null && (form.changes === true || user !== undefined))
    throw new Problem("usage", "what changes something prints nothing; leave out -o");
  const needsMachine = form.machine === "required" || (mode === null && user !== undefined);
  if (needsMachine && machine === null && each === null)
    throw new Problem(
      "usage",
      `no machine is named; ${letInHint(options, granted?.user) ?? "see pstore --help"}`,
    );
  if (form.machine === "none" && machine !== null) throw tooMany(machine);
  if (machines.length > 1 && mode !== "run") throw tooMany(machines[1] ?? "");
  if (form.property === "required" && property === null)
    throw new Problem("usage", "no property is named; see pstore --help");
  if (form.property === "none" && property !== null) throw tooMany(property);
  if (form.users === "allow" && revoke.length > 0)
    throw new Problem("usage", `a new machine has nobody to revoke with ^${revoke[0]}`);
  if (form.users === "none" && user !== undefined)
    throw new Problem("usage", `what is asked for changes no users; leave out ${user}`);
  if (mode === "run" && command.length === 0)
    throw new Problem("usage", "no command is named; give it behind --: pstore --run MACHINE… -- COMMAND");
  checkPending(options, form.changes === true || user !== undefined, machine);
  checkCompanions(options);
  checkClip(options, machine !== null && user === undefined);
}

function checkPending(options: Options, isChange: boolean, machine: string | null): void {
  const { pending, mode } = options;
  if (!pending || isChange || mode === "pending" || mode === "offboard" || mode === "rewrap") return;
  const hint = letInHint(options, machine);
  throw new Problem(
    "usage",
    `--pending stands alone, or beside what changes a machine or its users${hint === null ? "" : `; ${hint}`}`,
  );
}

/** What somebody may have meant who names a user beside `--pending`, and no machine. */
function letInHint({ pending, mode }: Options, user: string | null | undefined): string | null {
  if (!pending || mode !== null || !user || !isUserName(user)) return null;
  return `to let ${user} in wherever they wait, run pstore --pending=${user}`;
}

function isUserName(text: string): boolean {
  try {
    return userName(text) === text;
  } catch {
    return false;
  }
}

/** Options that mean something beside one command alone. */
function checkCompanions({ mode, generate, words, only, prefix, output }: Options): void {
  const makes = generate !== null || words !== null;
  if (makes && mode !== "create" && mode !== "change-password")
    throw new Problem("usage", "--generate and --words make up a password, beside -c or -P alone");
  if (generate !== null && words !== null)
    throw new Problem("usage", "--generate and --words are two ways to make up a password; give one of them");
  if ((only.length > 0 || prefix !== "") && mode !== "run")
    throw new Problem("usage", "--only and --prefix stand beside --run alone");
  if (output !== null && (mode === "ssh" || mode === "run"))
    throw new Problem("usage", `what --${mode} runs prints by itself; redirect it (>) instead of -o`);
}

/** @param isShown whether a machine is named, and nothing of it changed */
function checkClip({ mode, clip, output, json, generate, words }: Options, isShown: boolean): void {
  if (!clip) return;
  if (output !== null || json)
    throw new Problem("usage", "--clip copies instead of printing; leave out -o and --json");
  const isMade = generate !== null || words !== null;
  if (!((mode === null && isShown) || mode === "get" || isMade)) {
    throw new Problem(
      "usage",
      "--clip copies the password of a MACHINE, a PROPERTY of it, or with -c and -P what --generate or --words make up",
    );
  }
}

function tooMany(word: string): Problem {
  return new Problem("usage", `'${word}' is one word too many; see pstore --help`);
}
