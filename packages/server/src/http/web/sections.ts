import type { Need } from "./page.ts";

interface Section {
  readonly path: string;
  /** Where else its pages are. */
  readonly also?: string;
  readonly name: string;
  readonly need: Need;
}

/** The sections of the admin, in the order of the navigation. */
export const sections: readonly Section[] = [
  { path: "/", name: "Overview", need: "staff" },
  { path: "/users", name: "Users", need: "staff" },
  { path: "/keys", also: "/key", name: "Public keys", need: "staff" },
  { path: "/objects", name: "Objects", need: "viewer" },
  { path: "/log", name: "Log", need: "viewer" },
  { path: "/health", name: "Health", need: "staff" },
];
