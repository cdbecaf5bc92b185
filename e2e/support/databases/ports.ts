// Ports for servers that must find them free again after a restart.
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";

const given = new Set<number>();

/** The lowest of the ports that the system gives to outgoing connections. */
function firstOfSystem(): number {
  try {
    return Number(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split(/\s/)[0]);
  } catch {
    return 32_768;
  }
}

/**
 * A free port at 127.0.0.1, below those of outgoing connections: one of those could take it while its server is down,
 * and a client that tries again and again could even reach itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, firstOfSystem());
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1" }, () => server.close(() => resolve(true)));
  });
}
