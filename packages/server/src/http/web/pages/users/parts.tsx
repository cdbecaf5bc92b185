import type { UserTable } from "../../../../services/user-list.ts";
import { Badge, counted } from "../../parts/text.tsx";
import { wrapping } from "../../parts/wrapping.ts";
import { userPath } from "./paths.ts";

/** A user's name, as the way to their page. */
export function UserLink({ name }: { name: string }) {
  return (
    <a href={userPath(name)} class={wrapping(name)}>
      {name}
    </a>
  );
}

export function State({ user }: { user: Pick<UserTable, "active" | "removed"> }) {
  if (user.removed !== null) return <Badge kind="bad">deleted</Badge>;
  return user.active === 1 ? <Badge kind="good">active</Badge> : <Badge kind="warning">disabled</Badge>;
}

/** What a user may do here, beside what everybody may. */
export function rolesOf(user: Pick<UserTable, "staff" | "superuser" | "view_any">): readonly string[] {
  const all: readonly (readonly [number, string])[] = [
    [user.staff, "staff"],
    [user.superuser, "superuser"],
    [user.view_any, "view-any"],
  ];
  return all.filter(([has]) => has === 1).map(([, role]) => role);
}

/** @param more there are more than were counted */
export function countText(
  { count, more = false }: { count: number; more?: boolean },
  one: string,
  several?: string,
): string {
  return `${more ? "over " : ""}${counted(count, one, several)}`;
}
