import { type Pace, timeFor } from "./pace.ts";

/** At most so many bytes are handed over at once: how fast they are taken shows only when the next are asked for. */
const atOnce = 64 * 1024;

/**
 * A stream of what is generated, made only as fast as it is taken; the generator ends when nobody takes any more, or
 * somebody takes it too slowly.
 */
export function streamOf(
  chunks: AsyncGenerator<Uint8Array<ArrayBuffer>>,
  pace: Pace,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let rest: Uint8Array<ArrayBuffer> = new Uint8Array();
  let timer: Timer | undefined;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        clearTimeout(timer);
        while (rest.length === 0) {
          const { done, value } = await chunks.next();
          if (done) return controller.close();
          rest = value;
        }
        const part = rest.subarray(0, atOnce);
        rest = rest.subarray(atOnce);
        const giveUp = async () => {
          // It resets the connection: an end would pass for that of the answer. Any error Bun would print.
          controller.error();
          await chunks.return(undefined);
        };
        timer = setTimeout(() => void giveUp(), timeFor(part.length, pace));
        controller.enqueue(part);
      },
      async cancel() {
        clearTimeout(timer);
        await chunks.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
  streams.add(stream);
  return stream;
}

const streams = new WeakSet<ReadableStream>();

/** Whether the body of an answer comes from {@link streamOf}: others are in memory as a whole. */
export function isStream(body: ReadableStream): boolean {
  return streams.has(body);
}
