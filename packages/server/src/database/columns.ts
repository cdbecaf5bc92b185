import type { CreateTableBuilder } from "kysely";

type DataTypeExpression = Parameters<CreateTableBuilder<never>["addColumn"]>[1];

/** How an engine declares what the tables' columns hold. */
export interface ColumnTypes {
  /** A text of at most so many characters, compared by its bytes. */
  varchar(length: number): DataTypeExpression;
  /** A text of any length, up to what the server takes in a request. */
  readonly text: DataTypeExpression;
  /** Bytes, up to some MiB. */
  readonly blob: DataTypeExpression;
}
