// What a new user does with each program, in the order in which they come to it. A test plays all of it.

export interface Example {
  /** The task. */
  readonly title: string;
  /** What is to be known of the lines below. */
  readonly text: string;
  readonly lines: readonly string[];
}

/** The store, and the people, that the examples are about. */
export const store = "https://store.example.com";

export const clientExamples: readonly Example[] = [
  {
    title: "Set up",
    text: "Send your public key to whoever runs the store: that of GPG, or ~/.ssh/id_ed25519.pub or id_rsa.pub as it is. Say where the store is (and --user=NAME, where your name there is not your login name), and list your machines. Without a key yet: `gpg --quick-generate-key walter@example.com`, or `ssh-keygen -t ed25519`.",
    lines: [
      "gpg --armor --export walter@example.com >walter.asc",
      `(umask 077; echo --store-url=${store} >>~/.pstorerc)`,
      "pstore",
    ],
  },
  {
    title: "Store",
    text: "Create a machine, with a password that is asked for or made up; add a user name, which the server may read, and a file, which it may not. Then show the machine, and get the file back.",
    lines: [
      "pstore -c db1.example.com",
      "pstore -c web1.example.com --generate",
      "printf postgres | pstore db1.example.com -ps ssh-username",
      "pstore db1.example.com -pe tls.key <tls.key",
      "pstore db1.example.com",
      "pstore db1.example.com tls.key >copy.key",
    ],
  },
  {
    title: "Share",
    text: "Let joe read and change a machine, and alex only read it; let joe have all web servers, with one signature.",
    lines: ["pstore db1.example.com +joe +alex:read", "pstore --each 'web*.example.com' +joe"],
  },
  {
    title: "Find",
    text: "By a part of the name, by a public value, by the name of a property.",
    lines: ["pstore example", "pstore -s postgres", "pstore -s tls="],
  },
  {
    title: "Use",
    text: "Copy a password, log in with it, hand it to a program.",
    lines: [
      "pstore db1.example.com --clip",
      "pstore --ssh db1.example.com uptime",
      "pstore --run db1.example.com -- sh -c 'psql \"password=$PASSWORD\"'",
    ],
  },
  {
    title: "Rotate",
    text: "Change a password, by hand or by one that is made up.",
    lines: ["pstore -P db1.example.com", "pstore -P web1.example.com --generate=32"],
  },
  {
    title: "Take back",
    text: "Revoke alex from one machine, or joe from every one. What they have read they still know: the second lists it, to be changed next.",
    lines: ["pstore db1.example.com ^alex", "pstore --offboard joe"],
  },
  {
    title: "Restore",
    text: "See what a machine was like before, and bring back what was changed or deleted.",
    lines: [
      "pstore --history db1.example.com",
      "pstore --restore 1 db1.example.com password",
      "pstore -D web1.example.com",
      "pstore --history web1.example.com",
      "pstore --restore 3 web1.example.com",
    ],
  },
];

export const serverExamples: readonly Example[] = [
  {
    title: "Set up",
    text: "Make the store with an admin account, give the account its public key, and serve. Other hosts reach the server through a TLS proxy, and it must know the URL by which they do.",
    lines: [
      "pstore-server init --admin walter",
      "pstore-server key add walter walter.asc",
      `pstore-server serve --public-url ${store}`,
    ],
  },
  {
    title: "Let a colleague in",
    text: "An account, and the public key that the colleague has sent. Compare its fingerprint with the colleague, not by the same way.",
    lines: ["pstore-server user add joe --email joe@example.com", "pstore-server key add joe joe.asc"],
  },
  {
    title: "Let a colleague out",
    text: "Nobody signs in as joe from then on. Machines list joe until a writer of each revokes him, with pstore --offboard joe for all of theirs.",
    lines: ["pstore-server user disable joe", "pstore-server user show joe"],
  },
  {
    title: "Look after the store",
    text: "A copy of it, made while the server runs; the inconsistencies, each with its solution; what joe did; all machines, for a spreadsheet.",
    lines: [
      "pstore-server backup store-backup.db",
      "pstore-server check",
      "pstore-server audit --user joe",
      "pstore-server export -o machines.csv",
    ],
  },
];
