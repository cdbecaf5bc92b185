import { databaseLocation } from "../config.ts";
import { shownLocation } from "../database/location.ts";
import { openDatabase, placeOf } from "../database/open.ts";
import type { StoreDatabase } from "../database/store-database.ts";
import type { Actor } from "../services/audit.ts";
import type { Io } from "./io.ts";
import { loginName } from "./login-name.ts";

/** One command of the program. */
export interface Command {
  readonly name: string;
  /** One line for the overview. */
  readonly summary: string;
  /** All that `--help` says. */
  readonly help: string;
  /** @returns the exit code */
  run(argv: readonly string[], io: Io): Promise<number>;
}

/** What every `--help` ends with. */
export const commonHelp = `  --database URL       sqlite:PATH, postgres://USER@HOST/NAME or (MariaDB, too)
                       mysql://USER@HOST/NAME; docs/deployment.md has all that
                       can stand in it. Default: PSTORE_DATABASE, else
                       /var/lib/pstore/store.db for root, and for others
                       $XDG_DATA_HOME/pstore-server/store.db
                       (~/.local/share/pstore-server/store.db)
  -h, --help           this text
`;

/** Runs something with the store's database open. */
export async function withDatabase<T>(
  options: { readonly database?: string | undefined },
  io: Io,
  use: (db: StoreDatabase, place: string) => Promise<T>,
): Promise<T> {
  const location = databaseLocation(options, io.env);
  const db = await openDatabase(location);
  try {
    return await use(db, placeOf(location));
  } finally {
    await db.destroy();
  }
}

/** ` --database …` for a command that is shown, where the one that runs was given it. */
export function databaseOption(options: { readonly database?: string | undefined }, io: Io): string {
  return options.database === undefined
    ? ""
    : ` --database ${shownLocation(databaseLocation(options, io.env))}`;
}

/** Who runs a command of the server's own, for the log. */
export function commandActor(): Actor {
  return { userName: `cli:${loginName()}`.slice(0, 150), fingerprint: "", address: "cli" };
}
