// Environment variables that decide what a program loads, runs, trusts or writes to. No list of them can be complete:
// --only and --prefix are what keeps a command safe from machines that others write.

type Groups = Readonly<Record<string, string>>;

const wordsOf = (groups: Groups) => Object.values(groups).flatMap((words) => words.split(" "));

/** Names of which each is one such variable. */
const names = new Set(
  wordsOf({
    system: "GCONV_PATH GETCONF_DIR HOSTALIASES LOCALDOMAIN LOCPATH NLSPATH RES_OPTIONS TZ TZDIR",
    shells:
      "CDPATH ENV EXECIGNORE FCEDIT FPATH GLOBIGNORE HISTFILE IFS INPUTRC NULLCMD READNULLCMD POSIXLY_CORRECT",
    prompts: "PROMPT PROMPT_COMMAND PS0 PS1 PS2 PS3 PS4",
    terminals:
      "DISPLAY TERM TERMCAP TERMINFO TERMINFO_DIRS WAYLAND_DISPLAY XAPPLRESDIR XAUTHORITY XENVIRONMENT",
    self: "HOME LOGNAME OLDPWD PATH PWD SHELL TEMP TMP TMPDIR TMPPREFIX USER",
    editors: "BROWSER EDITOR EXINIT MAILCAPS NEXINIT PAGER VISUAL",
    compilers: "CC CONFIG_SITE CXX FC LD MAKEFILES MAKEFLAGS MAKEOVERRIDES",
    archivers: "BZIP BZIP2 GZIP TAPE UNZIP XZ_DEFAULTS XZ_OPT ZIP",
    remote: "CVSROOT CVS_SERVER NETRC RSH",
    proxies: "ALL_PROXY FTP_PROXY HTTPS_PROXY HTTP_PROXY NO_PROXY",
    trust: "SSLKEYLOGFILE SSL_CERT_DIR SSL_CERT_FILE",
    versionControl: "HG HGMERGE P4CONFIG P4DIFF P4ENVIRO P4MERGE TIGRC_SYSTEM TIGRC_USER",
    databases: "FREETDSCONF LDAPCONF PGPASSFILE TNS_ADMIN",
    containers:
      "COMPOSE_FILE CONTAINERS_CONF CONTAINER_HOST DOCKER_CONFIG DOCKER_CONTEXT DOCKER_HOST KUBECONFIG",
    clouds: "AWS_SHARED_CREDENTIALS_FILE FLASK_APP GOOGLE_APPLICATION_CREDENTIALS",
    services: "LISTEN_FDNAMES LISTEN_FDS LISTEN_PID NOTIFY_SOCKET",
  }),
);

/** Beginnings of names, most of them a language's or a tool's own. */
const beginnings = wordsOf({
  system:
    "LD_ DYLD_ _RLD GLIBC_ MALLOC_ RESOLV_ LC_ LANG NSS_ P11_ PKCS11_ SYSTEMD_ XDG_ DBUS_ KRB5 GSS_ SASL_",
  shells: "BASH SHELLOPTS ZDOT FISH_",
  desktop: "QT_ QML GTK_ GDK_ GIO_ GI_ GST_ LIBGL_",
  python: "PYTHON VIRTUAL_ENV PYTEST_ COVERAGE_ JUPYTER_ IPYTHON DJANGO_SETTINGS",
  pythonPackages: "PIP_ PIPX_ PIPENV_ POETRY_ UV_ CONDA_",
  perlAndRuby: "PERL RUBY GEM_ BUNDLE_",
  javascript: "NODE_ NPM_CONFIG YARN_ PNPM_ COREPACK_ ELECTRON_ BUN_ DENO_",
  php: "PHPRC PHP_INI COMPOSER_",
  java: "JAVA_ _JAVA_ JDK_ JRE_ CLASSPATH MAVEN_ GRADLE_ ANT_ SBT_ CATALINA_",
  go: "CGO_ GO111 GOCACHE GODEBUG GOENV GOEXPERIMENT GOFLAGS GOROOT GOTOOL GOWORK",
  goModules: "GOAUTH GOINSECURE GONOPROXY GONOSUM GOPRIVATE GOPROXY GOSUMDB GOVCS",
  rust: "RUST CARGO_ SCCACHE_",
  otherLanguages: "DOTNET_ CORECLR_ COMPLUS_ COR_ MONO_ R_PROFILE R_ENVIRON R_LIBS OCAML CAML_ TCL ERL_ MIX_",
  moreLanguages: "LUA_ GHC GUILE_ JULIA_ NIX_",
  compilers: "GCC_ CCACHE_ DISTCC_ CMAKE_",
  editors: "VIM NVIM EMACS LESS",
  versionControl: "GIT_ SVN_",
  remote: "RSYNC_ RCLONE_ SSH_ASKPASS SSH_AUTH SSH_SK_ GNUPG GPG_AGENT GPG_TTY PINENTRY",
  trust: "OPENSSL_ OPENSC_ CURL_ WGET",
  databases:
    "PGCHANNEL PGGSS PGREQUIRE PGSERVICE PGSSL PGSYSCONF PGLOCALE PSQL LIBMYSQL_ LDAPTLS_ LDAPSASL_ ODBC",
  operations: "ANSIBLE_ CLOUDSDK_ HELM_ KUBECTL_ PULUMI_ TERRAGRUNT_ TF_ VAGRANT_",
  containers: "DOCKER_CLI DOCKER_CONTENT DOCKER_TLS",
  packages: "APT_ DEBUGINFOD_ DPKG_",
  passwords: "PASSWORD_STORE_ PSTORE_",
});

/** Ends of names that say the same of any program: where it looks, what it runs, how it is told to run, whom it trusts. */
const ends = wordsOf({
  looks:
    "PATH PRELOAD HISTFILE _HOME _CONFIG CONFIG_FILE CONFIG_DIR _PLUGIN _PLUGINS PLUGIN_DIR EXTENSION_DIR _MODULE",
  starts: "RC RCFILE _INIT _STARTUP _HOOK _HOOKS",
  options: "ARGS FLAGS OPT OPTS OPTIONS",
  programs:
    "ASKPASS BROWSER CMD COMMAND EDITOR _EXEC _EXECUTABLE PAGER _PROG PROGRAM SHELL _WRAPPER _RSH _SSH",
  trusts: "_PROXY _CA_BUNDLE _CA_CERTS _CA_FILE _CAFILE _CAINFO _CACERT _CAPATH _SKIP_VERIFY _NO_VERIFY",
});

/** Names that hold what a tool is to use, not what it is to do, though the rules above may fit them: what --run is for. */
const values = {
  beginnings: ["TF_VAR_"],
  ends: ["PASSWORD", "PASSWD", "PASSPHRASE", "_PASS", "_PIN", "API_KEY", "SECRET", "TOKEN", "_USERNAME"],
};

/**
 * Whether a variable can change how programs load or run.
 * @param isOwn the user has said what it begins with: then how it ends tells nothing
 */
export function steersPrograms(variable: string, isOwn: boolean): boolean {
  const name = variable.toUpperCase();
  const beginsAs = (list: readonly string[]) => list.some((beginning) => name.startsWith(beginning));
  const endsAs = (list: readonly string[]) => list.some((end) => name.endsWith(end));
  if (beginsAs(values.beginnings) || endsAs(values.ends)) return false;
  return names.has(name) || beginsAs(beginnings) || (!isOwn && endsAs(ends));
}
