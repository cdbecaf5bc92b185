import { clientCommand } from "@pstore/core/client-command";
import type { Manifest, Property } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";

/** A machine: its name at the store, and its id there. */
export type Machine = Manifest["object"];

/** What a machine says of itself; `null`: nothing, or ssh's own words say otherwise. */
export interface Login {
  readonly machine: Machine;
  /** The property `ssh-username`. */
  readonly user: string | null;
  /** The property `ip-address`. */
  readonly address: string | null;
}

/** What stands behind the machine on pstore's own command line. */
export interface OwnWords {
  readonly options: readonly string[];
  /** The remote command, from where ssh's options end. */
  readonly rest: readonly string[];
  readonly saysUser: boolean;
  readonly saysAddress: boolean;
}

// What the rest of ssh's configuration may put into a command line of the shell (%h, %r), and what no name of a host
// or user needs, stays out: whoever may write a machine must not run commands where others use it.
const hostName = /^[A-Za-z0-9_.:][A-Za-z0-9_.:-]*$/;
const said = {
  "ip-address": { form: /^[A-Za-z0-9_.:][A-Za-z0-9_.:%-]*$/, what: "address of a host" },
  "ssh-username": {
    form: /^[A-Za-z0-9_.](?:[A-Za-z0-9_.@+\\-]*[A-Za-z0-9_.@+-])?$/,
    what: "name of a user",
  },
} as const;

/** The properties that ssh is told. */
export type Said = keyof typeof said;

/** The longest address or user, in bytes: the name of a host has at most 253 (RFC 1035, 2.3.4). */
const longest = 255;

/** The options of ssh that take an argument (OpenSSH 9; ssh.c, getopt). */
const withArgument = "BbcDEeFIiJLlmOoPpQRSWw";

/**
 * The host as ssh is told it, and knows its key: the machine's name, or where that is no host's, one that no other
 * machine can have.
 */
export function hostOf({ name, id }: Machine): string {
  if (hostName.test(name)) return name;
  const readable = name.toLowerCase().match(/[a-z0-9.]+/g) ?? [];
  // No name of a host holds a plus.
  return `${readable.join("-").slice(0, 40)}+${id}`;
}

/**
 * ssh's words up to the remote command, all but its own name. The first value is the one that ssh takes: what the user
 * has said stands before what the machine says.
 * @throws Problem `bad-value` when what the machine says cannot be meant, or nothing tells where it is
 */
export function sshWords({ machine, user, address }: Login, { options, saysAddress }: OwnWords): string[] {
  if (address === null && !saysAddress && !hostName.test(machine.name)) {
    throw new Problem(
      "bad-value",
      `'${machine.name}' is no name of a host; store its address, as the property ip-address`,
    );
  }
  const words = [hostOf(machine), ...options];
  if (user !== null) words.push("-l", checked(machine, "ssh-username", user));
  // ssh fills in what stands behind a % here (ssh_config(5), TOKENS).
  if (address !== null)
    words.push("-o", `HostName=${checked(machine, "ip-address", address).replaceAll("%", "%%")}`);
  return words;
}

/**
 * Checks, before it is read, that a property may be told to ssh.
 * @throws Problem `bad-value` when it is encrypted: everyone on this host may read what ssh is told; or too long
 */
export function checkMayBeSaid({ name }: Machine, property: Said, { kind, size }: Property): void {
  if (kind === "encrypted") {
    const command = clientCommand(name, "-ps", property);
    throw new Problem(
      "bad-value",
      `'${property}' of '${name}' is encrypted, but everyone on this host can read what ssh is told; store it in clear with ${command}, or say it to ssh behind the machine`,
    );
  }
  // One more for a line feed.
  if (size > longest + 1) throw unfit(name, property, `has ${size} bytes, more than any`);
}

function checked({ name }: Machine, property: Said, value: string): string {
  if (said[property].form.test(value)) return value;
  throw unfit(name, property, "is no");
}

/** Without the value: it may be a secret that got into the wrong place. */
function unfit(name: string, property: Said, why: string): Problem {
  return new Problem(
    "bad-value",
    `'${property}' of '${name}' ${why} ${said[property].what}; store the right one, or say it to ssh behind the machine`,
  );
}

/** Divides ssh's words at the end of its options, where the remote command begins. */
export function divide(words: readonly string[]): OwnWords {
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--" || word === "-" || !word.startsWith("-")) break;
    if (takesNext(word)) at++;
  }
  const [options, rest] = [words.slice(0, at), words.slice(at)];
  const [saysUser, saysAddress] = [sets(options, "l", "user"), sets(options, null, "hostname")];
  return { options, rest, saysUser, saysAddress };
}

/** Whether an option's argument is the next word: `-vp 22`, but not `-p22`. */
function takesNext(word: string): boolean {
  const place = [...word].findIndex((letter, index) => index > 0 && withArgument.includes(letter));
  return place === word.length - 1;
}

/** Whether the user's own options say something, by a letter or by a word of the configuration. */
function sets(options: readonly string[], letter: string | null, keyword: string): boolean {
  for (let at = 0; at < options.length; at++) {
    const word = options[at] ?? "";
    const place = [...word].findIndex((one, index) => index > 0 && withArgument.includes(one));
    if (place < 0) continue;
    const argument = place === word.length - 1 ? (options[++at] ?? "") : word.slice(place + 1);
    if (word[place] === letter) return true;
    if (word[place] === "o" && /^\s*(\w*)/.exec(argument)?.[1]?.toLowerCase() === keyword) return true;
  }
  return false;
}
