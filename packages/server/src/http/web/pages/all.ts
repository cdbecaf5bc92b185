import type { Page } from "../page.ts";
import { overviewPages } from "./overview.tsx";
import { signInPages } from "./sign-in.tsx";

/** Every page of the web admin. */
export const pages: readonly Page[] = [...overviewPages, ...signInPages];
