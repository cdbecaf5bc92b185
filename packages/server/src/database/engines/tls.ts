import { isLoopback } from "../../loopback.ts";
import type { Tls } from "../location.ts";

/** What the drivers take of `node:tls`'s options; `null`: without TLS. */
export function tlsOptions(tls: Tls, host: string) {
  const mode = tls.mode ?? (isLoopback(host) ? "disable" : "verify-full");
  if (mode === "disable") return null;
  return {
    rejectUnauthorized: mode === "verify-full",
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
  };
}
