import type { Page } from "../page.ts";

export const usersPages: readonly Page[] = [];
