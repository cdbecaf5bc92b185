import { Problem } from "@pstore/core/problem";

type Environment = Readonly<Record<string, string | undefined>>;

/** The ssh of this host. */
export interface SshProgram {
  readonly path: string;
  /** Whether it asks where `SSH_ASKPASS` says, although it has a terminal (`SSH_ASKPASS_REQUIRE`, since OpenSSH 8.4). */
  readonly asksAlways: boolean;
}

/** @throws Problem `local-fault` where there is no ssh, or another one than OpenSSH's */
export async function findSsh(env: Environment): Promise<SshProgram> {
  const path = Bun.which("ssh", { PATH: env["PATH"] ?? "" });
  if (path === null) {
    throw new Problem("local-fault", "there is no ssh here; install it (the package openssh-client)");
  }
  const child = Bun.spawn([path, "-V"], { stdin: "ignore", stdout: "ignore", stderr: "pipe", env });
  const asksAlways = readVersion(await new Response(child.stderr).text());
  if (asksAlways !== null) return { path, asksAlways };
  throw new Problem("local-fault", `${path} is not OpenSSH's; install that (the package openssh-client)`);
}

/** Whether an OpenSSH of this version asks always; `null` where it is no OpenSSH. @param text what `ssh -V` prints */
export function readVersion(text: string): boolean | null {
  const [, major, minor] = /^OpenSSH\w*_(\d+)\.(\d+)/m.exec(text) ?? [];
  if (major === undefined) return null;
  return Number(major) > 8 || (Number(major) === 8 && Number(minor) >= 4);
}
