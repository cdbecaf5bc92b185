import type { Page } from "../page.ts";
import { listPages } from "./objects/list.tsx";
import { showPages } from "./objects/show.tsx";
import { withholdingPages } from "./objects/withhold.tsx";

export const objectsPages: readonly Page[] = [...listPages, ...showPages, ...withholdingPages];
