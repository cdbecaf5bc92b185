import type { Page } from "../page.ts";

export const objectsPages: readonly Page[] = [];
