import type { Page } from "../page.ts";
import { accountPages } from "./account.tsx";
import { healthPages } from "./health.tsx";
import { keysPages } from "./keys/all.ts";
import { linkPages } from "./link.tsx";
import { logPages } from "./log.tsx";
import { objectsPages } from "./objects.tsx";
import { overviewPages } from "./overview.tsx";
import { signInPages } from "./sign-in.tsx";
import { usersPages } from "./users/all.ts";

/** Every page of the web admin. */
export const pages: readonly Page[] = [
  ...signInPages,
  ...linkPages,
  ...accountPages,
  ...overviewPages,
  ...usersPages,
  ...keysPages,
  ...objectsPages,
  ...logPages,
  ...healthPages,
];
