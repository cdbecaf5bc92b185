import type { Route } from "../route.ts";
import { changeRoutes } from "./changes.ts";
import { checkRoutes } from "./check.ts";
import { objectRoutes } from "./objects.ts";
import { searchRoutes } from "./search.ts";
import { sessionRoutes } from "./session.ts";
import { userRoutes } from "./users.ts";

/** Every endpoint of the API. */
export const routes: readonly Route[] = [
  ...sessionRoutes,
  ...userRoutes,
  ...objectRoutes,
  ...searchRoutes,
  ...changeRoutes,
  ...checkRoutes,
];
