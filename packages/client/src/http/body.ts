import { Problem } from "@pstore/core/problem";
import { Failure } from "./failure.ts";

/** The largest JSON that is read, in bytes: 64 MiB. */
const maxJsonSize = 64 * 1024 * 1024;

/** How long an answer may take, in milliseconds. */
export interface Patience {
  /** To the next of its bytes. */
  readonly next: number;
  /** To the end, when it is JSON; a value takes what it takes. */
  readonly whole: number;
}

const usual: Patience = { next: 30_000, whole: 300_000 };

/**
 * The bytes of an answer as they come.
 * @param url where it comes from, for the sentence
 * @throws Failure when the connection breaks off; Problem `unavailable` when nothing comes any more
 */
export async function* bytesOf(answer: Response, url: string, patience = usual): AsyncGenerator<Uint8Array> {
  const reader = answer.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await inTime(reader.read(), url, patience.next);
      if (done) return;
      yield value;
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    const what = `the connection to ${url} broke off in the middle of an answer`;
    throw new Failure({ what, remedy: "try again", again: "away", cause: error });
  } finally {
    // Whoever reads may have had enough, and whoever sends may never end.
    reader.cancel().catch(() => {});
  }
}

async function inTime<T>(step: Promise<T>, url: string, longest: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(stalled(url)), longest);
  try {
    return await Promise.race([step, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The JSON of an answer, `undefined` when it is none.
 * @param url where it comes from, for the sentence
 * @throws Failure when it breaks off; Problem `unavailable` when it does not end, or is over 64 MiB
 */
export async function jsonOf(answer: Response, url: string, patience = usual): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  const end = performance.now() + patience.whole;
  let size = 0;
  for await (const chunk of bytesOf(answer, url, patience)) {
    size += chunk.length;
    if (size > maxJsonSize) {
      throw new Problem(
        "unavailable",
        `could not use ${url}: its answer is over ${maxJsonSize} bytes, the most that is read; ask who runs the server`,
      );
    }
    if (performance.now() > end) throw stalled(url);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return undefined;
  }
}

function stalled(url: string): Problem {
  return new Problem(
    "unavailable",
    `could not use ${url}: it began to answer and did not go on; try again, or ask who runs the server`,
  );
}
