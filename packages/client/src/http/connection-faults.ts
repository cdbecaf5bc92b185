import type { Again } from "./failure.ts";

const usualRemedy = "check that the store runs and that --store-url is right";

/** Why nothing was answered, what to do about it, and whether it may pass by itself. */
export interface ConnectionFault {
  readonly reason: string;
  readonly remedy: string;
  readonly again: Again;
}

export const brokeOff = "the connection broke off";

/** What lasts until somebody does something about it. */
function lasting(reason: string, remedy = usualRemedy): ConnectionFault {
  return { reason, remedy, again: "no" };
}

/** What a server that is being started anew looks like. */
function passing(reason: string): ConnectionFault {
  return { reason, remedy: usualRemedy, again: "nobody" };
}

const noTls = lasting("it speaks no TLS there: is it http://?");

const unknownAuthority = lasting(
  "its TLS certificate is not by a known authority",
  "nothing was sent; if the authority is your own, name the file of its certificate: --ca-file=FILE",
);

/** By the codes of Bun's fetch, and of OpenSSL for certificates (openssl-verification-options(1), X509_V_ERR). */
const faults: Readonly<Record<string, ConnectionFault>> = {
  ConnectionRefused: passing("connection refused"),
  ECONNREFUSED: passing("connection refused"),
  ECONNRESET: passing(brokeOff),
  ConnectionClosed: passing(brokeOff),
  FailedToOpenSocket: lasting("no such host, or no way to it"),
  ENOTFOUND: lasting("no such host"),
  DEPTH_ZERO_SELF_SIGNED_CERT: lasting(
    "its TLS certificate is self-signed",
    "nothing was sent; if it is your own, name the file of that certificate: --ca-file=FILE",
  ),
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  CERT_HAS_EXPIRED: lasting(
    "its TLS certificate has expired",
    "nothing was sent; have whoever runs the server renew it, if the clock here is right",
  ),
  CERT_NOT_YET_VALID: lasting(
    "its TLS certificate is not valid yet",
    "nothing was sent; set the clock here, or have whoever runs the server make another",
  ),
  ERR_TLS_CERT_ALTNAME_INVALID: lasting(
    "its TLS certificate is for another host",
    "nothing was sent; give a --store-url with a name that it is for, or have it made for this one",
  ),
  EPROTO: noTls,
  ERR_SSL_WRONG_VERSION_NUMBER: noTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: noTls,
  Malformed_HTTP_Response: lasting("what answers there is no web server, or is it https://?"),
};

/**
 * What an error of `fetch` means.
 * @param patience how long an answer was waited for, in milliseconds
 */
export function connectionFaultOf(error: unknown, patience: number): ConnectionFault {
  const { code = "", name } = error as { code?: string; name?: string };
  // Whoever has waited so long should not wait as long again, and a server that hangs has enough to do.
  if (name === "AbortError") return lasting(`no answer for ${patience / 1000} seconds`);
  if (Object.hasOwn(faults, code)) return faults[code] as ConnectionFault;
  return passing(code || "the connection failed");
}
