import { isUuid, maxNameLength, maxUserLength, printable } from "../names.ts";
import type { ObjectRow } from "./schemas.ts";

type Members = ObjectRow["members"];

/**
 * The rows of a list, each as the schema `ObjectRow` reads it; `null` where one does not fit. A list may have many
 * thousand, and this takes a quarter of the schema's time.
 */
export function readRows(json: unknown): ObjectRow[] | null {
  if (!Array.isArray(json)) return null;
  const rows: ObjectRow[] = [];
  for (const one of json) {
    const row = readRow(one);
    if (row === null) return null;
    rows.push(row);
  }
  return rows;
}

function readRow(json: unknown): ObjectRow | null {
  if (!isObject(json)) return null;
  const { id, name, access } = json;
  const members = readMembers(json["members"]);
  const fits = isUuid(id) && isShown(name, maxNameLength) && (access === null || isAccess(access));
  return fits && members !== null ? { id, name, access, members } : null;
}

function readMembers(json: unknown): Members | null {
  if (!Array.isArray(json)) return null;
  const members: Members = [];
  for (const one of json) {
    if (!isObject(one)) return null;
    const { user, access, pending } = one;
    if (!isShown(user, maxUserLength) || !isAccess(access) || typeof pending !== "boolean") return null;
    members.push({ user, access, pending });
  }
  return members;
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === "object" && json !== null;
}

function isShown(json: unknown, longest: number): json is string {
  return typeof json === "string" && json.length <= longest && printable.test(json);
}

function isAccess(json: unknown): json is "read" | "write" {
  return json === "read" || json === "write";
}
