// What a database server holds of a store, for whoever wants to see it without pstore.
import { SQL } from "bun";
import type { StoredMessage } from "../stored-message.ts";

/** Opens a database by the URL that `pstore-server` takes, without what only that understands of it. */
const open = (url: string) => new SQL(url.replace(/\?.*/, ""), { max: 1 });

type Row = Record<string, unknown>;

/** The bytes of every row of every table, one after the other. */
export async function bytesOfRows(url: string): Promise<Buffer> {
  await using sql = open(url);
  const schema = url.startsWith("mysql:") ? "database()" : "current_schema()";
  const tables: Row[] = await sql.unsafe(
    `select table_name as name from information_schema.tables where table_schema = ${schema}`,
  );
  const parts: Uint8Array[] = [];
  for (const { name } of tables) {
    const rows: Row[] = await sql.unsafe(`select * from ${name}`);
    for (const value of rows.flatMap((row) => Object.values(row)))
      parts.push(value instanceof Uint8Array ? value : Buffer.from(String(value)));
  }
  return Buffer.concat(parts);
}

/** An encrypted value of a machine with the wrapped key of one reader, as `storedMessage` reads it from a file. */
export async function storedMessageAt(
  url: string,
  machine: string,
  property: string,
  fingerprint: string,
): Promise<StoredMessage> {
  await using sql = open(url);
  const [value]: { id: string; wrapped: Uint8Array }[] = await sql`
    select properties.value_id as id, wrapped_keys.bytes as wrapped
    from objects
    join properties on properties.object_id = objects.id
    join wrapped_keys on wrapped_keys.value_id = properties.value_id
    where objects.live_name = ${machine} and properties.name = ${property}
      and wrapped_keys.fingerprint = ${`openpgp:${fingerprint}`}`;
  if (value === undefined)
    throw new Error(`${fingerprint} has no wrapped key of '${property}' of '${machine}'.`);
  const pieces: { bytes: Uint8Array }[] =
    await sql`select bytes from value_pieces where value_id = ${value.id} order by seq`;
  const body = Buffer.concat(pieces.map(({ bytes }) => bytes));
  return { wrapped: value.wrapped, body, message: Buffer.concat([value.wrapped, body]) };
}
