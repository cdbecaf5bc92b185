const headEnd = Buffer.from("\r\n\r\n");

/** Reads one answer of HTTP/1.1 (RFC 9112) as its octets come. */
export class AnswerReader {
  readonly #method: string;
  #bytes: Buffer = Buffer.alloc(0);
  #bodyStart = -1;
  status = 0;
  headers: ReadonlyMap<string, string> = new Map();
  body: Buffer = Buffer.alloc(0);
  isComplete = false;
  /** Whether nothing more can be asked on this connection. */
  closes = false;
  surplus = 0;

  constructor(method: string) {
    this.#method = method;
  }

  push(chunk: Uint8Array): void {
    this.#bytes = this.#bytes.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#bytes, chunk]);
    if (this.isComplete) {
      this.surplus += chunk.length;
      return;
    }
    if (this.#bodyStart < 0 && !this.#readHead()) return;
    this.#readBody(false);
  }

  /** The server closed the connection. */
  end(): void {
    this.closes = true;
    if (!this.isComplete && this.#bodyStart >= 0) this.#readBody(true);
  }

  #readHead(): boolean {
    const end = this.#bytes.indexOf(headEnd);
    if (end < 0) return false;
    const [first = "", ...lines] = this.#bytes.toString("latin1", 0, end).split("\r\n");
    this.status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1] ?? 0);
    // An answer on the way to the answer, as `100 Continue`.
    if (this.status >= 100 && this.status < 200) {
      this.#bytes = this.#bytes.subarray(end + 4);
      return this.#readHead();
    }
    this.headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    this.closes = this.headers.get("connection")?.toLowerCase() === "close";
    this.#bodyStart = end + 4;
    return true;
  }

  #readBody(isEnd: boolean): void {
    const bytes = this.#bytes.subarray(this.#bodyStart);
    const length = this.headers.get("content-length");
    if (this.#method === "HEAD" || this.status === 204 || this.status === 304) {
      this.#complete(Buffer.alloc(0), bytes.length);
    } else if (this.headers.get("transfer-encoding")?.toLowerCase() === "chunked") {
      this.#readChunks(bytes);
    } else if (length !== undefined) {
      const size = Number(length);
      if (bytes.length >= size) this.#complete(bytes.subarray(0, size), bytes.length - size);
    } else if (isEnd) {
      this.#complete(bytes, 0);
    }
  }

  #readChunks(bytes: Buffer): void {
    const chunks: Buffer[] = [];
    for (let at = 0; ; ) {
      const lineEnd = bytes.indexOf("\r\n", at);
      if (lineEnd < 0) return;
      const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
      at = lineEnd + 2;
      if (bytes.length < at + size + 2) return;
      if (size === 0) {
        this.#complete(Buffer.concat(chunks), bytes.length - at - 2);
        return;
      }
      chunks.push(bytes.subarray(at, at + size));
      at += size + 2;
    }
  }

  #complete(body: Buffer, surplus: number): void {
    this.body = body;
    this.surplus = surplus;
    this.isComplete = true;
  }
}
