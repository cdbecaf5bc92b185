import { Problem } from "@pstore/core/problem";
import { clientAddress, type TrustedProxies } from "./address.ts";
import type { Bindings } from "./dependencies.ts";
import { givenRequestId } from "./request-id.ts";

export interface Listening {
  readonly port: number;
  /** `http://HOST:PORT` */
  readonly url: string;
  /** Takes no new requests, and resolves when those that run are answered, or cut off because they take too long. */
  stop(): Promise<void>;
}

/** In seconds. */
const usualIdleTimeout = 90;

type Fetch = (request: Request, bindings: Bindings) => Response | Promise<Response>;

/**
 * Serves HTTP.
 * @throws Problem `unavailable` when the address or port cannot be had
 */
export function listen(
  fetch: Fetch,
  config: {
    readonly host: string;
    readonly port: number;
    readonly maxUploadSize: number;
    readonly maxRequestSize: number;
    readonly trustedProxies: TrustedProxies;
    /** How long a stop waits for requests that run, in milliseconds. */
    readonly grace: number;
    /** Whoever begins no request, or takes nothing of an answer, for so many seconds is dropped. */
    readonly idleTimeout?: number;
  },
): Listening {
  const { host, port, idleTimeout = usualIdleTimeout } = config;
  const shownHost = host.includes(":") ? `[${host}]` : host;
  let server: Bun.Server<undefined>;
  try {
    server = Bun.serve({
      hostname: host,
      port,
      development: false,
      // With `development: false`, Bun shares the port with whoever asks for it too: a second server took every other client.
      reusePort: false,
      // The routes have limits of their own, and say so in a sentence; this one only closes the connection.
      maxRequestBodySize: Math.max(config.maxUploadSize, config.maxRequestSize) + 1024 * 1024,
      // It also holds for the headers of a request, however steadily they drip; for those of the first on a connection, Bun has 10
      // seconds of its own.
      idleTimeout,
      async fetch(request, self) {
        const peer = self.requestIP(request)?.address ?? "";
        const { headers } = request;
        // Bun would drop who has to wait for an answer, and who sends less than 16 KiB a second. How slowly a body may come is for
        // those to say who read it.
        self.timeout(request, 0);
        const response = await fetch(withOrigin(request, self.url), {
          address: clientAddress(peer, headers.get("x-forwarded-for"), config.trustedProxies),
          requestId: givenRequestId(peer, headers.get("x-request-id"), config.trustedProxies),
        });
        self.timeout(request, idleTimeout);
        return response;
      },
      error() {
        return new Response("the server failed\n", { status: 500 });
      },
    });
  } catch (error) {
    throw new Problem("unavailable", `cannot listen on ${shownHost}:${port}: ${whyNot(error)}`, {
      cause: error,
    });
  }
  const actual = server.port ?? port;
  return {
    port: actual,
    url: `http://${shownHost}:${actual}`,
    async stop() {
      // Whoever sends a byte now and then, signed in or not, must not keep the server from stopping.
      const timer = setTimeout(() => void server.stop(true), config.grace);
      await server.stop(false);
      clearTimeout(timer);
    },
  };
}

/** HTTP/1.0 names no host, as health checks of load balancers do: Bun's URL is then a mere path. */
function withOrigin(request: Request, own: URL): Request {
  return request.url.startsWith("/") ? new Request(`${own.origin}${request.url}`, request) : request;
}

function whyNot(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") return "another program listens there; stop it, or give another --listen";
  if (code === "EACCES") return "it needs rights that this user does not have; give a port over 1023";
  return `${error instanceof Error ? error.message : error}; give another --listen`;
}
