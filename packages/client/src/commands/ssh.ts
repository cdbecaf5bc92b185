import { Problem } from "@pstore/core/problem";
import { type Answer, Desk, type Question } from "../programs/askpass.ts";
import { type Attended, attend } from "../programs/attended.ts";
import { OtherStatus } from "../programs/other-status.ts";
import { findSsh } from "../programs/ssh-program.ts";
import { aliasFor, isPasswordPrompt, type Target, targetOf } from "../programs/ssh-target.ts";
import { sshWords } from "../programs/ssh-words.ts";
import type { StoredObject } from "../store/store.ts";
import { type Command, type Context, machineOf } from "./command.ts";
import { passwordProperty } from "./layout.ts";
import { whole } from "./whole.ts";

/** The exit status of ssh where it could not log in. */
const notLoggedIn = 255;

/** The longest answer that ssh reads, in bytes (readpass.c). */
const longestPassword = 1023;

/**
 * `pstore --ssh MACHINE [WORD]…`: ssh, with the stored password. It is decrypted only when ssh asks for it, so a host
 * that takes a key costs none of ours.
 */
export const ssh: Command = async (context) => {
  const { store, args, env, person } = context;
  const machine = machineOf(context);
  const [program, object] = await Promise.all([findSsh(env), store.object(machine, {})]);
  checkHasPassword(object);
  const login = {
    machine,
    user: await lineOf(object, "ssh-username"),
    address: await lineOf(object, "ip-address"),
  };
  const words = sshWords(login, args.command);
  let target = await targetOf(program.path, [...words.before, ...words.behind], env);
  const options = [...words.before];
  if (words.address !== null && target?.hostKeyAlias === null) {
    target = { ...target, hostKeyAlias: aliasFor(machine, target) };
    options.push("-o", `HostKeyAlias=${target.hostKeyAlias}`);
  }
  if (!program.asksAlways) {
    person.warn("this ssh asks for passwords itself where it has a terminal; install OpenSSH 8.4 or later");
  }
  // Before 8.4, a display was what let ssh ask a program.
  const display = program.asksAlways ? {} : { DISPLAY: env["DISPLAY"] ?? "none:0" };
  return new Login(object, target).run([program.path, ...options, ...words.behind], { ...env, ...display });
};

/** One run of ssh, and what it asks meanwhile. */
class Login {
  readonly #object: StoredObject;
  readonly #target: Target | null;
  #ssh: Attended | null = null;
  #isGiven = false;
  /** Why we have ended ssh. */
  #error: unknown = null;

  constructor(object: StoredObject, target: Target | null) {
    this.#object = object;
    this.#target = target;
  }

  /** @returns the exit status of ssh */
  async run(argv: readonly string[], env: Context["env"]): Promise<number> {
    const runtime = env["XDG_RUNTIME_DIR"] ?? "";
    const desk = new Desk(runtime.startsWith("/") ? [runtime] : [], (question) => this.#answer(question));
    try {
      this.#ssh = attend(argv, { ...env, ...desk.variables });
      const status = await this.#ssh.exit;
      if (this.#error !== null) throw this.#error;
      return status;
    } finally {
      desk.close();
    }
  }

  async #answer(question: Question): Promise<Answer> {
    if ("failed" in question) {
      if (question.failed === "interrupted") return this.#end("SIGINT", null);
      return this.#end("SIGTERM", new Problem("no-terminal", question.sentence));
    }
    // A jump host is reached by another ssh, which has the same environment, and must not get this password.
    const isOurs = question.asker === this.#ssh?.pid;
    if (!isOurs || this.#target === null || !isPasswordPrompt(question.prompt, this.#target))
      return { ask: true };
    if (this.#isGiven) return this.#end("SIGTERM", refused(this.#object, this.#target));
    this.#isGiven = true;
    try {
      return { secret: (await passwordOf(this.#object)).toString("base64") };
    } catch (error) {
      return this.#end("SIGTERM", error);
    }
  }

  #end(signal: NodeJS.Signals, error: unknown): null {
    this.#error ??= error;
    this.#ssh?.kill(signal);
    return null;
  }
}

function refused({ manifest }: StoredObject, { user, host }: Target): Problem {
  const { name } = manifest.object;
  return new OtherStatus(
    notLoggedIn,
    "forbidden",
    `${host} does not take the stored password of '${name}' for ${user}; store the right one with pstore -P ${name}, or the right user as ssh-username`,
  );
}

function checkHasPassword({ manifest, isReadable }: StoredObject): void {
  const { name } = manifest.object;
  if (!manifest.properties.has(passwordProperty)) {
    throw new Problem("not-found", `'${name}' has no password; store one with pstore -P ${name}`);
  }
  if (!isReadable) {
    throw new Problem(
      "no-private-key",
      `you may not read the password of '${name}'; ask a member to allow you, or run ssh itself`,
    );
  }
}

async function passwordOf(object: StoredObject): Promise<Buffer> {
  const value = await whole(object, passwordProperty);
  const password = withoutLineFeed(value);
  if (
    password.length > 0 &&
    password.length <= longestPassword &&
    !/[\0\r\n]/.test(password.toString("latin1"))
  )
    return password;
  const { name } = object.manifest.object;
  throw new Problem(
    "bad-value",
    `the password of '${name}' is none that ssh can give: it must be one line of 1 to ${longestPassword} bytes; store another with pstore -P ${name}`,
  );
}

/** A property that is one line of text; `null`: there is none. */
async function lineOf(object: StoredObject, property: string): Promise<string | null> {
  if (!object.manifest.properties.has(property)) return null;
  return withoutLineFeed(await whole(object, property)).toString();
}

function withoutLineFeed(value: Buffer): Buffer {
  return value.at(-1) === 0x0a ? value.subarray(0, -1) : value;
}
