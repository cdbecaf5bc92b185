// Inputs in which fuzzing found a fault that is mended: each run begins with them.
import { apiPath } from "@pstore/core/api/schemas";
import type { WireRequest } from "../http/request.ts";

export interface Kept {
  /** What went wrong. */
  readonly was: string;
  readonly request: WireRequest;
}

const get = { method: "GET", headers: [], body: null, isBroken: false } as const;

export const kept: readonly Kept[] = [
  ...["[", "example.com:99999999"].flatMap((host) =>
    [`${apiPath}/user-names`, "/users", "/sign-in"].map((target) => ({
      was: "500 where the Host header names no host",
      request: { ...get, target, headers: [["host", host]] as const, isBroken: true },
    })),
  ),
  {
    was: "a sentence with control characters, since it quoted the name of a member that should not be there",
    request: {
      ...{ ...get, method: "POST", target: `${apiPath}/session` },
      body: Buffer.from(JSON.stringify({ user: 1, "\0key": 1 })),
    },
  },
];
