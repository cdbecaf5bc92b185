import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isSsh } from "@pstore/core/fingerprint";
import type { Examination } from "./examination.ts";
import { type Finding, fault, ok, skipped, warning } from "./finding.ts";
import { ask, type Environment } from "./program.ts";

/** Whether gpg, its agent and its pinentry work, for those whose key they hold. */
export async function* checkGnupg(examination: Examination): AsyncGenerator<Finding> {
  const { env } = examination;
  const { kind } = examination;
  if (kind === "named" || kind === "ssh") {
    const because = kind === "ssh" ? "your key is an SSH key" : "the file of your key is named";
    yield skipped("gpg", because, "nothing is to be done");
    return;
  }
  const said = (await ask(["gpg", "--version"], env))?.stdout;
  const version = /^gpg \(.*\) ((\d+)\.(\d+)\S*)/.exec(said ?? "");
  if (version === null) {
    yield await missing(examination);
    return;
  }
  const [, whole = "", major, minor] = version;
  yield Number(major) > 2 || (major === "2" && Number(minor) >= 2)
    ? ok("gpg", `version ${whole}`)
    : warning("gpg", `version ${whole}`, "install 2.2 or a newer one");
  const components = await listed(["gpgconf", "--list-components"], 2, env);
  yield await agentOf(env, whole, components.get("gpg-agent"));
  yield await pinentryOf(env, components.get("pinentry"));
  const terminal = terminalOf(env);
  if (terminal !== null) yield terminal;
}

/** No gpg at all, which whoever has a key of another kind does not miss. */
async function missing(examination: Examination): Promise<Finding> {
  const signedIn = await examination.orNobody();
  if (signedIn !== null && isSsh(signedIn.key))
    return skipped("gpg", "it is not there, and your SSH key works without it", "nothing is to be done");
  return fault(
    "gpg",
    "there is none in the folders of PATH",
    "install GnuPG (the package gnupg), or give the file of your key with --identity",
  );
}

/** It is not started for this. */
async function agentOf(env: Environment, gpg: string, program: string | undefined): Promise<Finding> {
  const check = "gpg-agent";
  const said = await ask(["gpg-connect-agent", "--no-autostart", "GETINFO version", "/bye"], env);
  const [, version] = /^D (\S+)\s*^OK/m.exec(said?.stdout ?? "") ?? [];
  if (version !== undefined && version !== gpg) {
    const old = `it runs, but is ${version} and gpg ${gpg}`;
    return warning(check, old, "let gpg start its own: gpgconf --kill gpg-agent");
  }
  if (version !== undefined) return ok(check, `it runs, and answers (version ${version})`);
  if (program !== undefined && !isProgram(program))
    return fault(check, `there is no ${program}`, "install it (the package gpg-agent)");
  if (said === null)
    return warning(check, "it could not be asked", "look whether gpg-connect-agent /bye ends by itself");
  if (/no (?:running )?gpg-agent|no agent/.test(said.stderr))
    return ok(check, "it does not run, and gpg starts it when it needs it");
  return fault(
    check,
    `it does not answer (${said.stderr.trim() || said.stdout.trim()})`,
    "let gpg start another: gpgconf --kill gpg-agent",
  );
}

/** What asks for passphrases; a key without one, or one whose passphrase the agent holds, does without. */
async function pinentryOf(env: Environment, usual: string | undefined): Promise<Finding> {
  const check = "pinentry";
  const folders = await listed(["gpgconf", "--list-dirs"], 1, env);
  const configured = [folders.get("sysconfdir"), folders.get("homedir")]
    .flatMap((folder) => (folder === undefined ? [] : [join(folder, "gpg-agent.conf")]))
    .map((file) => ({ file, program: configuredIn(file) }))
    .findLast(({ program }) => program !== null);
  const program = configured?.program ?? usual;
  if (program === undefined) {
    const because = "gpgconf does not say which one it is";
    return skipped(check, because, "install it (the package gpgconf) to have it looked at");
  }
  const whose = configured === undefined ? "" : ` (by ${configured.file})`;
  if (isProgram(program)) return ok(check, `${program}${whose}`);
  return warning(
    check,
    `${program}${whose} is no program, so nothing can ask for your passphrase`,
    configured === undefined
      ? "install one, such as the package pinentry-curses"
      : "correct the line pinentry-program there, and run gpgconf --reload gpg-agent",
  );
}

/** Where pinentry asks, when something says it that is not so: pstore itself names its own terminal. */
function terminalOf(env: Environment): Finding | null {
  const named = env["GPG_TTY"];
  if (named === undefined || isTerminal(named)) return null;
  return warning(
    "GPG_TTY",
    `it says '${named}', which is no terminal`,
    "unset it, or set it in each shell: export GPG_TTY=$(tty)",
  );
}

/** Pairs of a listing by gpgconf, name → the field of this number, from 0; empty where there is no gpgconf. */
async function listed(
  argv: readonly string[],
  field: number,
  env: Environment,
): Promise<ReadonlyMap<string, string>> {
  const lines = ((await ask(argv, env))?.stdout ?? "").split("\n");
  return new Map(
    lines.flatMap((line) => {
      const fields = line.split(":");
      const value = fields[field];
      return fields[0] && value ? [[fields[0], unescaped(value)] as const] : [];
    }),
  );
}

/** gpgconf escapes what would end a field (gpgconf(1), "Format conventions"). */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function configuredIn(file: string): string | null {
  try {
    const lines = readFileSync(file, "utf8").matchAll(/^\s*pinentry-program[\s=]+(.*\S)\s*$/gm);
    return [...lines].at(-1)?.[1] ?? null;
  } catch {
    return null;
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isTerminal(path: string): boolean {
  try {
    return statSync(path).isCharacterDevice();
  } catch {
    return false;
  }
}
