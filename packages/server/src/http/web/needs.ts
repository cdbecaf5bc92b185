import type { Admin } from "../../services/web/sessions.ts";
import type { Need } from "./page.ts";

/** Whether somebody may call what needs this. */
export function mayVisit(admin: Admin, need: Need): boolean {
  if (need === "superuser") return admin.superuser;
  return need === "viewer" ? admin.seesAll : true;
}

/** Why somebody may not. */
export const refusals: Readonly<Record<Exclude<Need, "anyone" | "staff">, string>> = {
  viewer:
    "this page names objects that are not yours, and you do not have the right to view any object; ask a superuser for it",
  superuser: "only a superuser may do this; ask one of them",
};
