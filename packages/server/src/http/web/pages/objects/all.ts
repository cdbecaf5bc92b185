import type { Page } from "../../page.ts";
import { listPages } from "./list.tsx";
import { showPages } from "./show.tsx";
import { withholdingPages } from "./withhold.tsx";

export const objectsPages: readonly Page[] = [...listPages, ...showPages, ...withholdingPages];
