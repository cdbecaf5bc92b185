/** Where a user's pages are. */
export function userPath(name: string, rest: "" | `/${string}` = ""): string {
  return `/users/${encodeURIComponent(name)}${rest}`;
}

/** Where one is added: no name of a user begins with a `+`. */
export const addUserPath = "/users/+add";
