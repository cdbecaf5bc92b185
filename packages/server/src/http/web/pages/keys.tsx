import type { Page } from "../page.ts";

export const keysPages: readonly Page[] = [];
