import { clientCommand } from "@pstore/core/client-command";
import { Problem } from "@pstore/core/problem";
import { type Answer, Desk, type Question } from "../programs/askpass.ts";
import { type Attended, attend } from "../programs/attended.ts";
import { OtherStatus } from "../programs/other-status.ts";
import { findSsh } from "../programs/ssh-program.ts";
import { hostKeyAlias, isPasswordPrompt, knownAs, type Target, targetOf } from "../programs/ssh-target.ts";
import { checkMayBeSaid, divide, hostOf, type Said, sshWords } from "../programs/ssh-words.ts";
import { whole } from "../store/reading/whole.ts";
import type { StoredObject } from "../store/store.ts";
import { waits } from "../store/waiting.ts";
import { type Command, type Context, machineOf } from "./command.ts";
import { passwordProperty } from "./layout.ts";

/** The exit status of ssh where it could not log in. */
const notLoggedIn = 255;

/** The longest answer that ssh reads, in bytes (readpass.c). */
const longestPassword = 1023;

/** The body of no password that ssh can give is longer, in bytes: padding and packets add some 250. */
const longestBody = 2048;

/**
 * `pstore --ssh MACHINE [WORD]…`: ssh, with the stored password. It is decrypted only when ssh asks for it, so a host
 * that takes a key costs none of ours.
 */
export const ssh: Command = async (context) => {
  const { store, args, env, person } = context;
  const [program, object] = await Promise.all([findSsh(env), store.object(machineOf(context), {})]);
  checkHasPassword(object);
  const machine = object.manifest.object;
  const own = divide(args.command);
  const user = own.saysUser ? null : await lineOf(object, "ssh-username");
  const address = own.saysAddress ? null : await lineOf(object, "ip-address");
  const words = sshWords({ machine, user, address }, own);
  let target = await targetOf(program.path, [...words, ...own.rest], env);
  if (address !== null) {
    const ownWords = [hostOf(machine), ...own.options, ...own.rest];
    const alias = await hostKeyAlias(program.path, ownWords, target, env);
    words.push(...knownAs(alias));
    target = target && { ...target, hostKeyAlias: alias };
  }
  if (!program.asksAlways) {
    person.warn("this ssh asks for passwords itself where it has a terminal; install OpenSSH 8.4 or later");
  }
  // Before 8.4, a display was what let ssh ask a program.
  const display = program.asksAlways ? {} : { DISPLAY: env["DISPLAY"] ?? "none:0" };
  return new Login(object, target).run([program.path, ...words, ...own.rest], { ...env, ...display });
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
    `${host} does not take the stored password of '${name}' for ${user}; store the right one with ${clientCommand("-P", name)}, or the right user as ssh-username`,
  );
}

function checkHasPassword({ manifest, isReadable, isWaiting }: StoredObject): void {
  const { name } = manifest.object;
  if (!manifest.properties.has(passwordProperty)) {
    throw new Problem("not-found", `'${name}' has no password; store one with ${clientCommand("-P", name)}`);
  }
  if (isWaiting) throw waits(manifest);
  if (!isReadable) {
    throw new Problem(
      "no-private-key",
      `you may not read the password of '${name}'; ask a member to allow you, or run ssh itself`,
    );
  }
}

/** What is too long is not even fetched. */
async function passwordOf(object: StoredObject): Promise<Buffer> {
  const { manifest } = object;
  const { size } = manifest.properties.get(passwordProperty) ?? { size: 0 };
  const password = size > longestBody ? null : withoutLineFeed(await whole(object, passwordProperty));
  if (password !== null && isLine(password)) return password;
  const { name } = manifest.object;
  throw new Problem(
    "bad-value",
    `the password of '${name}' is none that ssh can give: it must be one line of 1 to ${longestPassword} bytes; store another with ${clientCommand("-P", name)}`,
  );
}

function isLine(password: Buffer): boolean {
  const { length } = password;
  return length > 0 && length <= longestPassword && !/[\0\r\n]/.test(password.toString("latin1"));
}

/** A property that ssh is told; `null`: there is none. */
async function lineOf(object: StoredObject, name: Said): Promise<string | null> {
  const { object: machine, properties } = object.manifest;
  const property = properties.get(name);
  if (property === undefined) return null;
  checkMayBeSaid(machine, name, property);
  return withoutLineFeed(await whole(object, name)).toString();
}

function withoutLineFeed(value: Buffer): Buffer {
  return value.at(-1) === 0x0a ? value.subarray(0, -1) : value;
}
