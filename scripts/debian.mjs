// The programs of the operating system that tests and benchmarks use: the one list of them.
import { accessSync, constants, existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run } from "./workspace.mjs";

/** Debian package → a command, or the path of a file, that shows that it is there. */
export const testPackages = {
  gnupg: "gpg",
  "gpg-agent": "gpg-agent",
  "openssh-client": "ssh-keygen",
  "openssh-server": "sshd",
  openssl: "openssl",
  age: "age",
  sqop: "sqop",
  rnp: "rnp",
  zsh: "zsh",
  fish: "fish",
  mandoc: "mandoc",
  // A mail server.
  "python3-aiosmtpd": "aiosmtpd",
  nginx: "nginx",
  systemd: "systemd-analyze",
  strace: "strace",
  // The databases that a store may be on, and clusters of them.
  postgresql: "initdb",
  "mariadb-server": "mariadbd",
  "galera-4": "/usr/lib/galera/libgalera_smm.so",
  rsync: "rsync",
  // A root folder in which the steps of the container run.
  mmdebstrap: "mmdebstrap",
  chromium: "chromium",
  // Clipboards, and display servers that have them.
  xvfb: "Xvfb",
  xclip: "xclip",
  xsel: "xsel",
  sway: "sway",
  "wl-clipboard": "wl-copy",
};

export const benchPackages = {
  gnupg: "gpg",
  "gpg-agent": "gpg-agent",
  pass: "pass",
  time: "time",
  // The databases that a store may be on.
  postgresql: "initdb",
  "mariadb-server": "mariadbd",
  rsync: "rsync",
};

/** Databases, and clusters of them. */
export const soakPackages = {
  "openssh-client": "ssh-keygen",
  postgresql: "initdb",
  "mariadb-server": "mariadbd",
  "galera-4": "/usr/lib/galera/libgalera_smm.so",
  rsync: "rsync",
};

/** PostgreSQL's own programs lie in a folder of each version. */
function versionFolders() {
  const parent = "/usr/lib/postgresql";
  return existsSync(parent) ? readdirSync(parent).map((version) => join(parent, version, "bin")) : [];
}

// A user's PATH often lacks the sbin folders, root's without a login shell may lack everything else.
const folders = () => [
  ...`${process.env.PATH ?? ""}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin`
    .split(delimiter)
    .filter((folder) => folder !== ""),
  ...versionFolders(),
];

function isThere(command) {
  if (command.startsWith("/")) return existsSync(command);
  return folders().some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const missing = (packages) => Object.keys(packages).filter((name) => !isThere(packages[name]));

const aptGet = (...args) =>
  run(["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", ...args], {
    capture: true,
    env: { DEBIAN_FRONTEND: "noninteractive" },
  });

/** What Debian's packages ask before they start a service (Debian's invoke-rc.d(8)). */
const policy = "/usr/sbin/policy-rc.d";

/** Runs something while no package may start a service: the tests' sshd must not become the host's. */
async function withoutServices(act) {
  if (existsSync(policy)) return act();
  writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    return await act();
  } finally {
    rmSync(policy, { force: true });
  }
}

/**
 * Installs the packages whose commands are missing when we may (root on Debian); else says what is missing
 * and what follows from it.
 *
 * @param {Record<string, string>} packages one of the lists above
 * @param {string} consequence what happens without them: the end of the sentence
 */
export async function installDebianPackages(packages, consequence) {
  let names = missing(packages);
  if (names.length === 0) return;
  if (process.getuid?.() === 0 && isThere("apt-get")) {
    console.log(`Installing Debian packages: ${names.join(" ")}`);
    await aptGet("update");
    const all = await withoutServices(async () => {
      const result = await aptGet("install", "-y", "--no-install-recommends", ...names);
      if (result.code !== 0) {
        // One package that this release does not have must not keep the others away.
        for (const name of names) await aptGet("install", "-y", "--no-install-recommends", name);
      }
      return result;
    });
    names = missing(packages);
    if (names.length > 0) console.log(all.output.trim().split("\n").slice(-5).join("\n"));
  }
  if (names.length > 0) console.log(`Missing here: ${names.join(", ")} (Debian's names); ${consequence}`);
}
