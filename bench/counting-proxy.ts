// A TCP proxy that counts what passes through it.
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface CountingProxy extends AsyncDisposable {
  /** For example `http://127.0.0.1:40123`. */
  readonly url: string;
  /** Bytes in both directions since the last call: all of TCP's content, headers of HTTP included. */
  take(): number;
}

/** Opens a proxy on a free port. @param target where connections go: a port of this host */
export async function openCountingProxy(target: number): Promise<CountingProxy> {
  let bytes = 0;
  const pass = (from: Socket, to: Socket) => {
    from.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    from.pipe(to);
    from.on("error", () => to.destroy());
  };
  const server = createServer((near) => {
    const far = connect(target, "127.0.0.1");
    pass(near, far);
    pass(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    take() {
      const taken = bytes;
      bytes = 0;
      return taken;
    },
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A port that nobody listens on, a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
