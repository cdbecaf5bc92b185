import { isPending, reads } from "@pstore/core/checks";
import type { Access, Manifest } from "@pstore/core/manifest";
import { Problem } from "@pstore/core/problem";
import type { Verified } from "../reading/verify.ts";
import { anyOf, lettersInOf, waits } from "../waiting.ts";
import type { Change } from "./change.ts";

/** Refuses to build on what nobody has signed. @throws Problem `untrusted-server` */
export function refuseUnsigned({ manifest, isSigned }: Verified): void {
  if (isSigned) return;
  throw new Problem(
    "untrusted-server",
    `'${manifest.object.name}' has no valid signature, so nothing can be built on it; ask a writer to store it anew`,
  );
}

/** Refuses what a manifest does not let a user change. @throws Problem `forbidden` */
export function refuseUnentitled(manifest: Manifest, user: string, change: Change): void {
  const { object, members } = manifest;
  const self = members.get(user);
  if (self?.access !== "write") throw mayNotChange(object.name, self?.access);
  if (isPending(self)) throw waits(manifest);
  if (reads(self) || !changesRights(change)) return;
  const others = lettersInOf(manifest);
  throw new Problem(
    "forbidden",
    `your key is write-only: it may change values of '${object.name}', but neither its users nor its name, nor delete it; ${others.length === 0 ? "and nobody is left who could" : `ask ${anyOf(others)}`}`,
  );
}

/** Whether a change is of more than values. */
function changesRights({ allow, revoke, rename, remove }: Change): boolean {
  return allow.length + revoke.length > 0 || rename !== undefined || remove === true;
}

/** The refusal of a change by who may not make it. */
function mayNotChange(name: string, access: Access | null | undefined): Problem {
  const may = access === "read" ? "may read, but not change," : "have no access to";
  return new Problem("forbidden", `you ${may} '${name}'; ask a member who may`);
}
