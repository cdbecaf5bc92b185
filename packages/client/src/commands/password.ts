import { Problem } from "@pstore/core/problem";
import type { Seal } from "../store/writing/change.ts";
import { clipboardOf, copy } from "./clip.ts";
import { type Context, machineOf } from "./command.ts";
import { passwordProperty } from "./layout.ts";

/** The bits below which a password is found by whoever gets a hash of it and tries for some weeks. */
const enoughBits = 64;

/** The longest line of standard input that is taken for a password, in bytes: what has more is some other file. */
const longestLine = 65_536;

/**
 * Has a new password written, which is asked for or made up; with `--clip`, what was made up is copied then.
 * @param write does it with a seal for the password
 */
export async function withPassword(context: Context, write: (seal: Seal) => Promise<void>): Promise<void> {
  const clipboard = context.args.options.clip ? await clipboardOf(context) : null;
  let made: string | null = null;
  await write(async () => {
    made = await madeUp(context);
    const password = made ?? (await given(context));
    return [await context.store.seal(passwordProperty, "encrypted", asStream(password))];
  });
  if (clipboard !== null && made !== null)
    await copy(context, clipboard, made, `'${passwordProperty}' of '${machineOf(context)}'`);
}

/** The password that `--generate` or `--words` make up; `null` where neither is given. */
async function madeUp({ args, person }: Context): Promise<string | null> {
  const { generate, words } = args.options;
  if (generate === null && words === null) return null;
  const { characterPassword, wordPassword } = await import("./generate.ts");
  const { text, bits } = generate === null ? await wordPassword(words ?? 0) : characterPassword(generate);
  person.detail(`the password has ${Math.floor(bits)} bits`);
  if (bits < enoughBits)
    person.warn(
      `the password has ${Math.floor(bits)} bits only, which a stolen hash of it does not withstand; where it may be longer, use --generate=12 or --words=5`,
    );
  return text;
}

/**
 * The new password of a machine: asked twice at the terminal, or one line of standard input, without its line feed.
 * @throws Problem `bad-value` when it is empty, the two differ, the line is too long, or there is a second one
 */
async function given({ stdin }: Context): Promise<string | Uint8Array> {
  if (!stdin.isTerminal) return oneLine(stdin.chunks());
  const { askSecret } = await import("../terminal/prompt.ts");
  const password = await askSecret("Type new machine password: ");
  if (password === "") throw empty();
  const again = await askSecret("Type new machine password again: ");
  if (password !== again)
    throw new Problem("bad-value", "the two passwords differ; nothing was stored, try again");
  return password;
}

async function oneLine(stdin: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    chunks.push(chunk);
    size += chunk.length;
    const end = chunk.indexOf(0x0a);
    if (end >= 0 && end < chunk.length - 1) throw secondLine();
    if (size > longestLine + 1) throw tooLong();
  }
  const all = Buffer.concat(chunks);
  const end = all.indexOf(0x0a);
  if (end >= 0 && end < all.length - 1) throw secondLine();
  const line = end < 0 ? all : all.subarray(0, end);
  if (line.length > longestLine) throw tooLong();
  if (line.length === 0) throw empty();
  return line;
}

function empty(): Problem {
  return new Problem("bad-value", "the password is empty; nothing was stored");
}

function tooLong(): Problem {
  return new Problem(
    "bad-value",
    `a password that is one line has at most ${longestLine} bytes; nothing was stored, store a larger one with -pe ${passwordProperty}`,
  );
}

function secondLine(): Problem {
  return new Problem(
    "bad-value",
    `standard input has a second line, and a password is one line; store several with -pe ${passwordProperty}`,
  );
}

/** The bytes of a password as a stream. */
async function* asStream(password: string | Uint8Array): AsyncGenerator<Uint8Array> {
  yield Buffer.from(password);
}
