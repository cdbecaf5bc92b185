import type { ObjectDetail } from "@pstore/core/api/schemas";
import type { Verified } from "./verify.ts";

/** An object as it was read and verified, with all that a change needs. */
export interface Base {
  readonly verified: Verified;
  readonly detail: ObjectDetail;
}
