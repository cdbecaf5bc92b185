/** The table that says which migrations a database has had. */
export const migrationTable = "migrations";
