/** A request as it goes over the wire. */
export interface WireRequest {
  readonly method: string;
  /** Path and query; each character one octet. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array | null;
  /** Whether it breaks the rules of HTTP itself: then it may be answered with a bare 400, or not at all. */
  readonly isBroken: boolean;
}

/** @param host of the server, for the request's `Host` where it has none of its own */
export function encodeRequest(request: WireRequest, host: string): Uint8Array {
  const { method, target, headers, body } = request;
  const names = new Set(headers.map(([name]) => name.toLowerCase()));
  const all = [
    ...(names.has("host") ? [] : [["host", host] as const]),
    ...headers,
    ...(body === null || names.has("content-length") || names.has("transfer-encoding")
      ? []
      : [["content-length", String(body.length)] as const]),
  ];
  const head = `${method} ${target} HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  const first = Buffer.from(head, "latin1");
  return body === null ? first : Buffer.concat([first, body]);
}

/** A request as a person reads it, and as `--replay` does. */
export function describeRequest({ method, target, headers, body }: WireRequest): Record<string, unknown> {
  return {
    method,
    target,
    headers,
    ...(body === null
      ? {}
      : body.length > 4096
        ? { bodyLength: body.length, bodyStart: Buffer.from(body.subarray(0, 4096)).toString("latin1") }
        : { body: Buffer.from(body).toString("latin1") }),
  };
}
