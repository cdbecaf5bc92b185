import type { Page } from "../page.ts";

export const healthPages: readonly Page[] = [];
