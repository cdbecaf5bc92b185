/**
 * The login name of a user of the operating system.
 * @param passwd the text of a file in the form of passwd(5)
 * @returns the first one there is, as getpwuid(3) does, or `null`
 */
export function nameOfUid(passwd: string, uid: number): string | null {
  for (const line of passwd.split("\n")) {
    const [name = "", _, number] = line.split(":");
    if (number === String(uid) && name !== "") return name;
  }
  return null;
}
