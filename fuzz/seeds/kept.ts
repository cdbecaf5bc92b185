// Inputs in which fuzzing found a fault that is mended: each run begins with them.
import { apiPath } from "@pstore/core/api/schemas";
import type { WireRequest } from "../http/request.ts";

export interface Kept {
  /** What went wrong. */
  readonly was: string;
  readonly request: WireRequest;
  /** Whose session it is sent in: ann's of the API, or root's of the web admin. */
  readonly as?: "ann" | "root";
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
      ...{ ...get, method: "POST", target: `${apiPath}/search` },
      body: Buffer.from(JSON.stringify({ all: false, "\0key": 1 })),
    },
    as: "ann",
  },
  ...[`${apiPath}/users?name=a%00b`, `${apiPath}/object?name=%00`].map((target) => ({
    was: "500 on PostgreSQL, whose texts hold no NUL",
    request: { ...get, target },
    as: "ann" as const,
  })),
  ...["/users/a%00b", "/log?object=a%00b"].map((target) => ({
    was: "the same in a page",
    request: { ...get, target },
    as: "root" as const,
  })),
];
