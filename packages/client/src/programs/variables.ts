import { Problem } from "@pstore/core/problem";
import { steersPrograms } from "./steering.ts";

/** A property that shall become an environment variable. */
export interface Wanted {
  readonly machine: string;
  readonly property: string;
}

/** A property and the name of its variable. */
export interface Named extends Wanted {
  readonly variable: string;
}

export interface Naming {
  /** What the variables' names begin with; `{machine}` in it is the machine. */
  readonly prefix: string;
  /** The properties that the user has named: these may set whatever variable they want. */
  readonly only: readonly string[];
  /** Whether a variable is there already. */
  readonly isSet: (variable: string) => boolean;
}

const machinePlace = "{machine}";

/** The longest `NAME=value` that Linux hands to a program, in bytes, with the zero behind it (MAX_ARG_STRLEN, execve(2)). */
const longest = 128 * 1024;

/**
 * The variables of properties, each property with one of its own.
 * @throws Problem `usage` when two have the same, one is no name for a variable, or one might take over the program
 */
export function nameVariables(properties: readonly Wanted[], naming: Naming): readonly Named[] {
  const named = new Map<string, Named>();
  for (const one of properties) {
    const variable = variableName(one, naming.prefix);
    const other = named.get(variable);
    if (other !== undefined) throw collision(other, one, variable);
    if (!naming.only.includes(one.property)) checkIsHarmless(one, variable, naming);
    named.set(variable, { ...one, variable });
  }
  return [...named.values()];
}

/**
 * The name of a property's variable: in capitals, `_` for whatever is no letter or digit, and before a leading digit.
 * @throws Problem `usage` when the prefix is none for a name
 */
export function variableName({ machine, property }: Wanted, prefix: string): string {
  const name = prefix.replaceAll(machinePlace, mapped(machine)) + mapped(property);
  const whole = /^\d/.test(name) ? `_${name}` : name;
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(whole)) return whole;
  throw new Problem(
    "usage",
    `--prefix '${prefix}' makes '${whole}', which is no name of a variable; use letters, digits, _ and ${machinePlace}`,
  );
}

function mapped(name: string): string {
  return name.toUpperCase().replace(/[^A-Z0-9]/g, "_");
}

function collision(a: Wanted, b: Wanted, variable: string): Problem {
  const way =
    a.machine === b.machine
      ? "name the properties that you want with --only"
      : `keep them apart with --prefix '${machinePlace}_', or name the properties that you want with --only`;
  return new Problem("usage", `${of(a)} and ${of(b)} would both be the variable ${variable}; ${way}`);
}

/** Whoever may write a machine must not get at the account of those who run something with it. */
function checkIsHarmless(one: Wanted, variable: string, { prefix, isSet }: Naming): void {
  const there = isSet(variable);
  if (!there && !steersPrograms(variable, prefix !== "")) return;
  const why = there ? "is set already" : "can change how programs load or run";
  throw new Problem(
    "usage",
    `${of(one)} would set ${variable}, which ${why}; name the properties that you want with --only, or give a --prefix`,
  );
}

/**
 * Checks, before it is read, that a value can fit into a variable.
 * @param size of the value in bytes, or of its body, which is no smaller
 * @throws Problem `too-large`
 */
export function checkMayFit(one: Named, size: number): void {
  // A body is longer than its value by its padding and packets.
  if (size <= longest + 1024) return;
  throw tooLarge(one, size);
}

/**
 * A value as environments hold it, byte for byte.
 * @throws Problem `too-large`, or `bad-value` when it holds a zero byte or is not UTF-8
 */
export function variableValue(one: Named, value: Uint8Array): string {
  if (one.variable.length + 1 + value.length + 1 > longest) throw tooLarge(one, value.length);
  if (value.includes(0)) throw unfit(one, "holds a zero byte, which ends a variable");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    throw unfit(one, "is no UTF-8 text");
  }
}

function tooLarge(one: Named, size: number): Problem {
  return new Problem(
    "too-large",
    `${of(one)} has ${size} bytes, more than a variable holds (${longest} with its name); name the properties that you want with --only`,
  );
}

function unfit(one: Named, why: string): Problem {
  return new Problem("bad-value", `${of(one)} ${why}; name the properties that you want with --only`);
}

function of({ machine, property }: Wanted): string {
  return `'${property}' of '${machine}'`;
}
