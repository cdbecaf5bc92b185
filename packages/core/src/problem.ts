/**
 * Every error that client and server know by name, in one table.
 *
 * A problem has a `code` (for programs, never renamed), a sentence (for people: what, where, what to do
 * next) and the HTTP status under which the server answers it (RFC 9457); `null` for what only a client can find.
 */
export const problems = {
  "bad-request": 400,
  "bad-name": 400,
  "bad-manifest": 400,
  "bad-commit": 400,
  "bad-value": 400,
  "bad-body": 400,
  "bad-wrapped-key": 400,
  "bad-signature": 400,
  "unusable-key": 422,
  "not-signed-in": 401,
  "sign-in-refused": 401,
  forbidden: 403,
  "not-found": 404,
  "too-slow": 408,
  conflict: 409,
  "too-large": 413,
  "too-many-requests": 429,
  "internal-error": 500,
  unavailable: 503,
  /** The client's own: the server, or whoever runs it, is not honest or not well. */
  "untrusted-server": null,
  "untrusted-key": null,
  "no-private-key": null,
  /** Something on the client's own host: a file that cannot be written, no terminal to ask at. */
  "local-fault": null,
  "no-terminal": null,
  /** A question was answered with no. */
  declined: null,
  usage: null,
} as const satisfies Record<string, number | null>;

export type ProblemCode = keyof typeof problems;

/** The base of every error that this project raises on purpose. The message is one sentence for a person. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: ProblemCode;
  /** After how many seconds it may be tried again (RFC 9110, section 10.2.3); `null`: nobody knows. */
  readonly retryAfter: number | null;

  constructor(code: ProblemCode, sentence: string, options: { cause?: unknown; retryAfter?: number } = {}) {
    super(sentence, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retryAfter = options.retryAfter ?? null;
  }

  /** The HTTP status code under which the server answers this problem. */
  get status(): number {
    return problems[this.code] ?? 500;
  }
}

/** Whether a text from the network is one of the codes that a server may answer. */
export function isServerCode(text: unknown): text is ProblemCode {
  return typeof text === "string" && Object.hasOwn(problems, text) && problems[text as ProblemCode] !== null;
}
