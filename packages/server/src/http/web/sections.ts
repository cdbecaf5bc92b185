import type { Need } from "./page.ts";

/** The sections of the admin, in the order of the navigation. */
export const sections: readonly { readonly path: string; readonly name: string; readonly need: Need }[] = [
  { path: "/", name: "Overview", need: "staff" },
  { path: "/users", name: "Users", need: "staff" },
  { path: "/keys", name: "Public keys", need: "staff" },
  { path: "/objects", name: "Objects", need: "viewer" },
  { path: "/log", name: "Log", need: "viewer" },
  { path: "/health", name: "Health", need: "staff" },
];
