import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { Problem } from "@pstore/core/problem";
import { OtherStatus } from "./other-status.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Puts a command in the place of this process, as `exec` of a shell does: it keeps the process id, the standard streams
 * and the terminal, and gets every signal itself. Does not return.
 * @param env where `PATH` is looked up
 * @param added the variables that the command gets beside these
 * @throws OtherStatus 126 or 127, as shells say why a command was not run (POSIX, 2.8.2)
 */
export function replaceBy(
  command: readonly string[],
  env: Environment,
  added: ReadonlyMap<string, string>,
): never {
  const [name = ""] = command;
  const path = findCommand(name, env["PATH"]);
  const whole: Record<string, string> = {};
  for (const [variable, value] of Object.entries(env)) if (value !== undefined) whole[variable] = value;
  for (const [variable, value] of added) whole[variable] = value;
  // Bun ignores these two, which would be inherited; those with a handler begin anew.
  for (const signal of ["SIGPIPE", "SIGXFSZ"] as const) process.on(signal, () => {});
  // It says once a run that `execve` is experimental.
  process.emitWarning = () => {};
  let { code } = exec(path, command, whole);
  // What has no interpreter line is a script of the shell's (POSIX, execvp).
  if (code === "ENOEXEC") ({ code } = exec("/bin/sh", ["sh", path, ...command.slice(1)], whole));
  throw notRun(name, code);
}

function exec(
  path: string,
  argv: readonly string[],
  env: Record<string, string>,
): { code: string | undefined } {
  try {
    if (process.execve === undefined)
      throw new OtherStatus(126, "local-fault", "commands cannot be run on this system");
    return process.execve(path, argv, env);
  } catch (error) {
    if (error instanceof Problem) throw error;
    return { code: (error as NodeJS.ErrnoException).code };
  }
}

/**
 * The file that a shell would run.
 * @param searched the value of `PATH`
 * @throws OtherStatus
 */
export function findCommand(name: string, searched = "/usr/local/bin:/usr/bin:/bin"): string {
  if (name.includes("/")) return name;
  const found = searched.split(delimiter).map((folder) => join(folder || ".", name));
  const files = name === "" ? [] : found.filter(isFile);
  const path = files.find(isExecutable);
  if (path !== undefined) return path;
  throw notRun(name, files.length > 0 ? "EACCES" : "ENOENT");
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function notRun(name: string, code: string | undefined): OtherStatus {
  if (code === "ENOENT" || code === "ENOTDIR")
    return new OtherStatus(127, "local-fault", `there is no command '${name}'; check its name and PATH`);
  if (code === "E2BIG") {
    return new OtherStatus(
      126,
      "local-fault",
      `'${name}' was not run: its arguments and variables are more than the system hands to a program; name fewer properties, with --only`,
    );
  }
  return new OtherStatus(
    126,
    "local-fault",
    code === "EACCES"
      ? `'${name}' was not run: it is no program that you may run; check its permissions`
      : `'${name}' was not run (${code}); check that it is a program for this system`,
  );
}
