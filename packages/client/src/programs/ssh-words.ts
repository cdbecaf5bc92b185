import { Problem } from "@pstore/core/problem";

/** What a machine says of itself. */
export interface Login {
  /** Its name at the store. */
  readonly machine: string;
  /** The property `ssh-username`. */
  readonly user: string | null;
  /** The property `ip-address`. */
  readonly address: string | null;
}

/** The words of ssh (all but its own name), and where another option of ours would stand. */
export interface SshWords {
  readonly before: readonly string[];
  readonly behind: readonly string[];
  /** The address that we have given; `null`: ssh finds the host by its name. */
  readonly address: string | null;
}

// What the rest of ssh's configuration may put into a command line of the shell (%h, %r), and what no name of a host
// or user needs, stays out: whoever may write a machine must not run commands where others use it.
const hostName = /^[A-Za-z0-9_.:][A-Za-z0-9_.:-]*$/;
const addressForm = /^[A-Za-z0-9_.:][A-Za-z0-9_.:%-]*$/;
const userForm = /^[A-Za-z0-9_.](?:[A-Za-z0-9_.@+\\-]*[A-Za-z0-9_.@+-])?$/;

/** The options of ssh that take an argument (OpenSSH 9; ssh.c, getopt). */
const withArgument = "BbcDEeFIiJLlmOoPpQRSWw";

/**
 * Puts the words of ssh together. The first value is the one that ssh takes: what the user has said stands before what
 * the machine says.
 * @param words what stands behind the machine on pstore's own command line
 * @throws Problem `bad-value` when what the machine says cannot be meant, or its name is no host's
 */
export function sshWords(login: Login, words: readonly string[]): SshWords {
  const { machine, user, address } = login;
  const { options, rest } = split(words);
  const isHost = hostName.test(machine);
  if (!isHost && address === null) {
    throw new Problem(
      "bad-value",
      `'${machine}' is no name of a host; store its address, as the property ip-address`,
    );
  }
  const ours: string[] = [];
  if (user !== null && !sets(options, "l", "user")) {
    ours.push("-l", checked(login, "ssh-username", user, userForm, "no name of a user"));
  }
  const given = address !== null && !sets(options, null, "hostname");
  if (given || !isHost) checked(login, "ip-address", address ?? "", addressForm, "no address of a host");
  // ssh fills in what stands behind a % here (ssh_config(5), TOKENS).
  if (given && isHost) ours.push("-o", `HostName=${address.replaceAll("%", "%%")}`);
  return {
    before: [isHost ? machine : (address ?? ""), ...options, ...ours],
    behind: rest,
    address: given && isHost ? address : null,
  };
}

function checked({ machine }: Login, property: string, value: string, form: RegExp, what: string): string {
  if (form.test(value)) return value;
  throw new Problem(
    "bad-value",
    `'${property}' of '${machine}' is '${value}', ${what}; store the right one, or say it to ssh behind the machine`,
  );
}

/** Divides ssh's words at the end of its options, where the remote command begins. */
function split(words: readonly string[]): { options: readonly string[]; rest: readonly string[] } {
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--" || word === "-" || !word.startsWith("-")) break;
    if (takesNext(word)) at++;
  }
  return { options: words.slice(0, at), rest: words.slice(at) };
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
