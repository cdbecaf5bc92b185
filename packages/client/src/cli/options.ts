import { userName } from "@pstore/core/names";
import { Problem } from "@pstore/core/problem";

/** What is done when it is not the default: to list or show, or to allow and revoke where users are named. */
export type Mode =
  | "create"
  | "change-password"
  | "set-public"
  | "set-encrypted"
  | "get"
  | "list-properties"
  | "trust"
  | "help"
  | "version";

export type TrustMode = "tofu" | "strict";

/** What the command line (and `.pstorerc` before it) says, options first to last. */
export interface Options {
  mode: Mode | null;
  user: string | null;
  /** Without trailing slashes, in the order in which they are tried. */
  storeUrls: string[];
  all: boolean;
  verbose: boolean;
  yes: boolean;
  json: boolean;
  session: boolean;
  output: string | null;
  trustMode: TrustMode;
  trust: string[];
  acceptUnsigned: boolean;
  allowHttp: boolean;
}

export function defaultOptions(): Options {
  return {
    mode: null,
    user: null,
    storeUrls: [],
    all: false,
    verbose: false,
    yes: false,
    json: false,
    session: true,
    output: null,
    trustMode: "tofu",
    trust: [],
    acceptUnsigned: false,
    allowHttp: false,
  };
}

/** One option: how it is written, what `--help` says of it, and what it sets. */
export interface Option {
  readonly names: readonly string[];
  /** The name of its argument, where it has one. */
  readonly argument?: string;
  readonly help: string;
  /** What `--help --verbose` says beyond that. */
  readonly more?: string;
  /** It weakens a check for once, and so cannot be made a habit in `.pstorerc`. */
  readonly neverFromFile?: true;
  /** @throws Problem `usage` when the argument is not one it takes */
  set(options: Options, argument: string): void;
}

function mode(names: readonly string[], value: Mode, help: string, more?: string): Option {
  return {
    names,
    help,
    ...(more === undefined ? {} : { more }),
    set(options) {
      if (options.mode === "help") return;
      if (options.mode !== null && options.mode !== value) {
        throw new Problem("usage", `${names[0]} cannot stand beside another command; give one of them`);
      }
      options.mode = value;
    },
  };
}

export const options: readonly Option[] = [
  mode(
    ["-c", "--create"],
    "create",
    "create a machine with a password, shared with the users given as +USER",
  ),
  mode(
    ["-P", "--password"],
    "change-password",
    "change the password of a machine; +USER and ^USER may stand beside it",
  ),
  mode(["-pg"], "get", "print a property, byte for byte"),
  mode(["-pl"], "list-properties", "list the names of the properties; with -v, sizes and kinds"),
  mode(
    ["-ps"],
    "set-public",
    "store a property from standard input, public: the server can read it; +USER and ^USER too",
  ),
  mode(
    ["-pe"],
    "set-encrypted",
    "store a property from standard input, encrypted; +USER and ^USER may stand beside it",
  ),
  {
    names: ["-o", "--output"],
    argument: "FILE",
    help: "write what is printed to FILE (mode 0600): complete, or not at all",
    set: (options, file) => {
      options.output = file;
    },
  },
  {
    names: ["-a", "--all"],
    help: "also list what is not yours (for privileged users)",
    set: (options) => {
      options.all = true;
    },
  },
  {
    names: ["--json"],
    help: "print lists and properties as JSON",
    set: (options) => {
      options.json = true;
    },
  },
  {
    names: ["-v", "--verbose"],
    help: "say more; show a password on the terminal in plain colours",
    set: (options) => {
      options.verbose = true;
    },
  },
  {
    names: ["-u", "--user"],
    argument: "USER",
    help: "your name at the store (default: $USER, $LOGNAME or the login name)",
    set: (options, user) => {
      options.user = userName(user);
    },
  },
  {
    names: ["--store-url"],
    argument: "URL",
    help: "where the store is; given several times, the next is tried when one is down",
    more: "URLs on the command line take the place of those in ~/.pstorerc. All of them must be one store.",
    set: (options, url) => {
      options.storeUrls.push(url.replace(/\/+$/, ""));
    },
  },
  {
    names: ["--allow-http"],
    help: "speak http:// without TLS to a store that is not on this host",
    more: "Values stay encrypted and signed, but whoever listens sees names, permissions and public values, and can take your session.",
    set: (options) => {
      options.allowHttp = true;
    },
  },
  {
    names: ["--trust-mode"],
    argument: "tofu|strict",
    help: "pin the keys of a user seen first (tofu, the default), or refuse them until --trust",
    set: (options, value) => {
      if (value !== "tofu" && value !== "strict") {
        throw new Problem("usage", `--trust-mode is 'tofu' or 'strict', not '${value}'`);
      }
      options.trustMode = value;
    },
  },
  {
    names: ["--trust"],
    argument: "USER",
    help: "show the keys that the server has for USER, and trust them after a question",
    more: "Compare the fingerprints with what the user tells you on another way than the server.",
    neverFromFile: true,
    set: (options, user) => {
      options.mode ??= "trust";
      options.trust.push(userName(user));
    },
  },
  {
    names: ["--accept-unsigned"],
    help: "show what an old client wrote without a signature; never written on",
    neverFromFile: true,
    set: (options) => {
      options.acceptUnsigned = true;
    },
  },
  {
    names: ["--yes"],
    help: "answer every question with yes",
    set: (options) => {
      options.yes = true;
    },
  },
  {
    names: ["--no-session"],
    help: "keep no session: sign in anew with every command",
    set: (options) => {
      options.session = false;
    },
  },
  {
    names: ["-h", "--help"],
    help: "print this help; with --verbose, all of it",
    set: (options) => {
      options.mode = "help";
    },
  },
  {
    names: ["--version"],
    help: "print the version",
    set: (options) => {
      options.mode ??= "version";
    },
  },
];
