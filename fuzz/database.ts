import { freshDatabase } from "@pstore/e2e/support/databases/fresh";

/** An empty database, as long as it is used. */
interface Fresh extends AsyncDisposable {
  /** `null`: the server makes one in SQLite. */
  readonly url: string | null;
}

/** @param asked the name of an engine, a URL, or nothing */
export async function databaseFor(asked: string | null): Promise<Fresh> {
  if (asked === "postgres" || asked === "mysql") {
    const { url, drop } = await freshDatabase(asked);
    return { url, [Symbol.asyncDispose]: drop };
  }
  return { url: asked, [Symbol.asyncDispose]: async () => {} };
}
