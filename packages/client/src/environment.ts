import { userInfo } from "node:os";
import { userName } from "@pstore/core/names";
import { Problem } from "@pstore/core/problem";
import type { Io } from "./io.ts";

/** The user's name at the store where none is given. @throws Problem `bad-name` */
export function ownName(env: Io["env"]): string {
  return userName(env["USER"] || env["LOGNAME"] || userInfo().username);
}

/** @throws Problem `usage` where certificates would not be checked */
export function refuseUncheckedTls(env: Io["env"]): void {
  if (env["NODE_TLS_REJECT_UNAUTHORIZED"] !== "0") return;
  throw new Problem(
    "usage",
    "NODE_TLS_REJECT_UNAUTHORIZED=0 switches off the check of certificates; unset it",
  );
}
