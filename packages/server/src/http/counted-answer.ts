import type { Pace } from "./pace.ts";
import { isStream, streamOf } from "./stream.ts";

/** Larger answers are handed over in pieces, in bytes: what is handed over as a whole, a client may take as slowly as it likes. */
const mostAtOnce = 1024 * 1024;

/**
 * The same answer, which says how many bytes its body had once they are taken, or nobody takes any more.
 * @param pace how slowly it may be taken
 * @param ended is called once
 */
export async function countedAnswer(
  response: Response,
  pace: Pace,
  ended: (bytes: number) => void,
): Promise<Response> {
  const { body } = response;
  if (body === null) {
    // As an answer to HEAD, or a redirect.
    ended(0);
    return response;
  }
  if (isStream(body)) return new Response(counted(body, ended), response);
  const bytes = await response.arrayBuffer();
  if (bytes.byteLength > mostAtOnce) {
    const answer = new Response(counted(streamOf(whole(bytes), pace), ended), response);
    answer.headers.set("content-length", String(bytes.byteLength));
    return answer;
  }
  ended(bytes.byteLength);
  return new Response(bytes, response);
}

async function* whole(bytes: ArrayBuffer): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  yield new Uint8Array(bytes);
}

function counted(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  ended: (bytes: number) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  let bytes = 0;
  let hasEnded = false;
  const end = () => {
    if (!hasEnded) ended(bytes);
    hasEnded = true;
  };
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start(controller) {
        // Also while nobody reads, as when it is taken too slowly.
        reader.closed.catch((error) => {
          end();
          // There is none when it is taken too slowly, so that Bun prints none.
          controller.error(error);
        });
      },
      async pull(controller) {
        // What goes wrong is told above.
        const { done, value } = await reader.read();
        if (done) {
          controller.close();
          return end();
        }
        bytes += value.length;
        controller.enqueue(value);
      },
      async cancel(reason) {
        end();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
