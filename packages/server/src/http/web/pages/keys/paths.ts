import { withQuery } from "../../parts/pager.tsx";

/** Where a key's pages are. */
export function keyPath(fingerprint: string, rest: "" | "/edit" | "/remove" = ""): string {
  return withQuery(`/key${rest}`, { fingerprint });
}
