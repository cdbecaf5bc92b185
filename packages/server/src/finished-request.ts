/** What is known of a request when it has been answered: nothing of it is secret, and it names no object. */
export interface FinishedRequest {
  /** In `X-Request-Id`, and with whatever the log says of the request. */
  readonly id: string;
  /** One of a few, or `other`. */
  readonly method: string;
  /** The path with names in place of what stands in it, as `/api/v1/objects/:id`; `none`: there is nothing there. */
  readonly route: string;
  readonly status: number;
  /** From the first byte to the last one of the answer. */
  readonly seconds: number;
  /** Of the answer's body. */
  readonly bytes: number;
  /** Who is signed in; empty: nobody, as far as the request came. */
  readonly user: string;
  readonly address: string;
}
