import { userName } from "@pstore/core/names";
import { Problem } from "@pstore/core/problem";
import { command, type OptionGroup, wholeNumber } from "./option.ts";

export const store: OptionGroup = {
  title: "Store and trust",
  options: [
    {
      names: ["-u", "--user"],
      argument: "USER",
      isForLookups: true,
      help: "your name at the store (default: the login name)",
      more: "More exactly: $USER, else $LOGNAME, else the login name.",
      set: (options, user) => {
        options.user = userName(user);
      },
    },
    {
      names: ["--store-url"],
      argument: "URL",
      isForLookups: true,
      help: "where the store is; may be given several times",
      more: "Of several, the next is tried when one is down. While all are, pstore tries again for some seconds (see --patience). URLs on the command line take the place of those in ~/.pstorerc. All of them must be one store.",
      set: (options, url) => {
        options.storeUrls.push(storeUrl(url));
      },
    },
    {
      names: ["-t", "--context"],
      argument: "CONTEXT",
      neverFromSection: true,
      isRare: true,
      isForLookups: true,
      help: "use the section [CONTEXT] of ~/.pstorerc too",
      more: "Default: $PSTORE_CONTEXT.",
      set: (options, context) => {
        options.context = context;
      },
    },
    {
      names: ["--patience"],
      argument: "SECONDS",
      isRare: true,
      help: "how long to try again while no server answers",
      more: "Default: 3 seconds where none has answered yet, 10 where one has or is being started anew, and up to 60 where it says when it can be asked again. 0: not at all. Nothing is done twice by that. With -v each repeat is told.",
      set: (options, seconds) => {
        options.patience = seconds === "0" ? 0 : wholeNumber("--patience", seconds, 1, 86_400);
      },
    },
    {
      names: ["--allow-http"],
      isRare: true,
      isForLookups: true,
      help: "speak http:// without TLS to another host",
      more: "Values stay encrypted and signed, but whoever listens sees names, permissions and public values, and can take your session.",
      set: (options) => {
        options.allowHttp = true;
      },
    },
    {
      names: ["--ca-file"],
      argument: "FILE",
      isRare: true,
      isForLookups: true,
      help: "believe these authorities' certificates alone",
      more: "For https://: a file of one or more certificates (PEM) that takes the place of all known authorities, and of $NODE_EXTRA_CA_CERTS, which stands beside them.",
      set: (options, file) => {
        if (file === "")
          throw new Problem("usage", "--ca-file names no file; give that of an authority's certificate");
        options.caFile = file;
      },
    },
    {
      names: ["--trust-mode"],
      argument: "tofu|strict",
      isRare: true,
      help: "whether the keys of a user seen first are trusted",
      more: "tofu, the default, pins them; strict refuses them until --trust.",
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
      help: "show the keys of USER, and trust them after a question",
      more: "Compare the fingerprints with what the user tells you on another way than the server.",
      neverFromFile: true,
      set: (options, user) => {
        options.trust.push(userName(user));
      },
    },
    {
      names: ["--accept-unsigned"],
      isRare: true,
      help: "show what an old client wrote without a signature",
      more: "It is shown, and never built upon.",
      neverFromFile: true,
      set: (options) => {
        options.acceptUnsigned = true;
      },
    },
    {
      names: ["--no-session"],
      isRare: true,
      help: "keep no session: sign in anew with every command",
      set: (options) => {
        options.session = false;
      },
    },
    {
      names: ["--identity"],
      argument: "FILE",
      isForLookups: true,
      help: "your private key: a file of OpenSSH or OpenPGP",
      more: "May be given several times; gpg is not used then. An ssh-ed25519 or ssh-rsa key as ssh-keygen writes it, or an OpenPGP secret key. Files on the command line take the place of those in $PSTORE_IDENTITY (with : between several), and these of those in ~/.pstorerc. Without any: gpg, if it holds your key, else ~/.ssh/id_ed25519, id_rsa or another id_* there. An ssh-agent that holds the key signs for it.",
      set: (options, file) => {
        if (file === "")
          throw new Problem("usage", "--identity names no file; give the one of your private key");
        options.identities.push(file);
      },
    },
    {
      names: ["--passphrase-fd"],
      argument: "N",
      isRare: true,
      help: "read the key file's passphrase from a descriptor",
      more: "Up to the end of its first line. Or name a file with $PSTORE_PASSPHRASE_FILE. Otherwise it is asked for at the terminal, once a command.",
      set: (options, number) => {
        options.passphraseFd = number === "0" ? 0 : wholeNumber("--passphrase-fd", number, 1, 1_000_000);
      },
    },
    command(
      {
        names: ["--keys"],
        argument: "USER",
        isOptional: true,
        isRare: true,
        help: "list users' keys, what is pinned, what is stale",
        more: "Of yourself and those you share machines with, or of USER: whether each is at the store and how it is pinned here, when it expires, on how many of your machines it is listed; then what should be done. Nobody's keys are pinned by it.",
        set: (options, user) => {
          options.keysOf = user === "" ? "" : userName(user);
        },
      },
      "keys",
    ),
    command(
      {
        names: ["--web"],
        isRare: true,
        help: "sign in to the web admin in your browser, as staff",
        more: "Your key signs for it, so that no password need exist. It opens $BROWSER, or what xdg-open or open take for it, with a link that is good once, for two minutes. With no display, over ssh, or where stdout is no terminal, it prints that link instead.",
      },
      "web",
    ),
    command(
      {
        names: ["--doctor"],
        help: "look whether all is well, from the store to your key",
        more: "Each line says what is well, or what to do. It changes nothing.",
      },
      "doctor",
    ),
    command(
      {
        names: ["--consistency-check"],
        isRare: true,
        help: "list the server's inconsistencies, with solutions",
        more: "For privileged users.",
      },
      "consistency-check",
    ),
  ],
};

/** The URL of a store, without the slashes at its end. @throws Problem `usage` */
function storeUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (
    url === null ||
    !/^https?:$/.test(url.protocol) ||
    url.username !== "" ||
    url.password !== "" ||
    url.search !== "" ||
    url.hash !== ""
  ) {
    throw new Problem("usage", `'${text}' is no store URL; it looks like https://store.example.com`);
  }
  return text.replace(/\/+$/, "");
}
