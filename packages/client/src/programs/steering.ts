// Environment variables that decide what a program loads, runs, trusts or writes to. No list of them can be complete:
// --only and --prefix are what keeps a command safe from machines that others write.

/** Names of which each is one such variable. */
const names = new Set(
  [
    // the loader and the C library
    "GCONV_PATH GLIBC_TUNABLES HOSTALIASES LOCALDOMAIN LOCPATH NLSPATH RES_OPTIONS TZ TZDIR",
    // shells and terminals
    "CDPATH ENV FCEDIT FPATH GLOBIGNORE HISTFILE IFS INPUTRC POSIXLY_CORRECT PROMPT_COMMAND PS0 PS1 PS2 PS3 PS4",
    "TERM TERMCAP TERMINFO TERMINFO_DIRS",
    // who and where one is
    "HOME LOGNAME OLDPWD PATH PWD SHELL TEMP TMP TMPDIR USER",
    // programs that programs start
    "BROWSER CC CXX EDITOR FC LD LESS LESSCLOSE LESSOPEN MAKEFILES MAKEFLAGS MAKEOVERRIDES PAGER VISUAL",
    // whom to ask, and whom to believe
    "ALL_PROXY DISPLAY FTP_PROXY HTTPS_PROXY HTTP_PROXY NO_PROXY SSLKEYLOGFILE SSL_CERT_DIR SSL_CERT_FILE",
    "WAYLAND_DISPLAY XAUTHORITY",
    // a tool's own
    "DOCKER_CONFIG DOCKER_CONTEXT DOCKER_HOST KUBECONFIG LISTEN_FDS LISTEN_FDNAMES LISTEN_PID NOTIFY_SOCKET",
  ].flatMap((line) => line.split(" ")),
);

/** Beginnings of names, most of them a language's or a tool's own. */
const beginnings = [
  ...[
    "LD_",
    "DYLD_",
    "_RLD",
    "MALLOC_",
    "LC_",
    "LANG",
    "BASH",
    "SHELLOPTS",
    "ZDOT",
    "FISH_",
    "XDG_",
    "DBUS_",
  ],
  ...[
    "PYTHON",
    "VIRTUAL_ENV",
    "PIP_",
    "PERL",
    "RUBY",
    "GEM_",
    "BUNDLE_",
    "NODE_",
    "NPM_CONFIG",
    "BUN_",
    "DENO_",
  ],
  ...[
    "PHPRC",
    "PHP_INI",
    "JAVA_",
    "_JAVA_",
    "JDK_",
    "JRE_",
    "CLASSPATH",
    "MAVEN_",
    "GRADLE_",
    "ANT_",
    "LUA_",
  ],
  ...[
    "GO111",
    "GODEBUG",
    "GOENV",
    "GOFLAGS",
    "GOPROXY",
    "GOROOT",
    "RUST",
    "CARGO_",
    "GHC",
    "GUILE_",
    "JULIA_",
  ],
  ...[
    "DOTNET_",
    "CORECLR_",
    "COMPLUS_",
    "COR_",
    "MONO_",
    "R_PROFILE",
    "R_ENVIRON",
    "OCAML",
    "CAML_",
    "TCL",
    "ERL_",
  ],
  ...["GIT_", "SSH_ASKPASS", "SSH_AUTH", "SSH_SK_", "GNUPG", "GPG_AGENT", "GPG_TTY", "OPENSSL_", "CURL_"],
  ...[
    "KRB5",
    "SYSTEMD_",
    "ANSIBLE_",
    "HELM_",
    "QT_",
    "GTK_",
    "GDK_",
    "GIO_",
    "VIM",
    "NVIM",
    "EMACS",
    "PSTORE_",
  ],
];

/** Ends of names that say the same of any program: where it looks, what it runs, how it is told to run. */
const ends = [
  ...[
    "PATH",
    "PRELOAD",
    "_OPTS",
    "_OPTIONS",
    "FLAGS",
    "_RSH",
    "ASKPASS",
    "COMMAND",
    "_CMD",
    "_HOME",
    "EDITOR",
  ],
  ...["PAGER", "BROWSER", "_SHELL", "_INIT", "_STARTUP", "_RC", "RCFILE", "_CONFIG_FILE", "_CA_BUNDLE"],
];

/**
 * Whether a variable can change how programs load or run.
 * @param isOwn the user has said what it begins with: then how it ends tells nothing
 */
export function steersPrograms(variable: string, isOwn: boolean): boolean {
  const name = variable.toUpperCase();
  if (names.has(name) || beginnings.some((beginning) => name.startsWith(beginning))) return true;
  return !isOwn && ends.some((end) => name.endsWith(end));
}
