// An encrypted value as the database holds it, for whoever wants to open it without pstore.
import { Database } from "bun:sqlite";

/** The parts of one OpenPGP message. */
export interface StoredMessage {
  /** The session key, wrapped for one public key: a PKESK packet. */
  readonly wrapped: Uint8Array;
  /** The encrypted data packet, one for all readers. */
  readonly body: Uint8Array;
  /** Both: what `gpg -d` opens. */
  readonly message: Uint8Array<ArrayBuffer>;
}

/**
 * Reads an encrypted value of a machine, with the wrapped key of one reader, out of an SQLite database that may be
 * in use.
 *
 * @param fingerprint of the reader's primary OpenPGP key, 40 hexadecimal digits
 * @throws Error when there is no such value, or the reader has no wrapped key of it
 */
export function storedMessage(
  database: string,
  machine: string,
  property: string,
  fingerprint: string,
): StoredMessage {
  using db = new Database(database, { readonly: true, strict: true });
  const value = db
    .query<{ id: string; wrapped: Uint8Array }, Record<string, string>>(
      `SELECT properties.value_id AS id, wrapped_keys.bytes AS wrapped
       FROM objects
       JOIN properties ON properties.object_id = objects.id
       JOIN wrapped_keys ON wrapped_keys.value_id = properties.value_id
       WHERE objects.live_name = $machine AND properties.name = $property AND wrapped_keys.fingerprint = $key`,
    )
    .get({ machine, property, key: `openpgp:${fingerprint}` });
  if (value === null) throw new Error(`${fingerprint} has no wrapped key of '${property}' of '${machine}'.`);
  const pieces = db
    .query<{ bytes: Uint8Array }, [string]>("SELECT bytes FROM value_pieces WHERE value_id = ? ORDER BY seq")
    .all(value.id);
  const body = Buffer.concat(pieces.map(({ bytes }) => bytes));
  return { wrapped: value.wrapped, body, message: Buffer.concat([value.wrapped, body]) };
}
