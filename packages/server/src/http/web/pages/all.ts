import type { Page } from "../page.ts";
import { accountPages } from "./account/account-page.tsx";
import { healthPages } from "./health/health-page.tsx";
import { keysPages } from "./keys/all.ts";
import { logPages } from "./log/log-page.tsx";
import { objectsPages } from "./objects/all.ts";
import { overviewPages } from "./overview/overview-page.tsx";
import { linkPages } from "./sign-in/by-link.tsx";
import { signInPages } from "./sign-in/by-password.tsx";
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
