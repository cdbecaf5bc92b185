import { isStream } from "./stream.ts";

/**
 * The same answer, which says how many bytes its body had once they are taken, or nobody takes any more.
 * @param ended is called once
 */
export async function countedAnswer(response: Response, ended: (bytes: number) => void): Promise<Response> {
  const { body } = response;
  if (body === null) {
    // As an answer to HEAD, or a redirect.
    ended(0);
    return response;
  }
  if (isStream(body)) return new Response(counted(body, ended), response);
  const bytes = await response.arrayBuffer();
  ended(bytes.byteLength);
  return new Response(bytes, response);
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
          // Bun does not always say why.
          controller.error(error ?? new Error("the answer was broken off"));
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
