import type { Child } from "hono/jsx";
import { wrapping } from "./wrapping.ts";

interface TableProps {
  /** What the table is of, for who cannot see it. */
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Child[])[];
  /** What stands there where there are no rows. */
  readonly empty: Child;
}

/** Rows under columns; on a narrow screen each row becomes a card, whose lines name their columns. */
export function Table({ caption, columns, rows, empty }: TableProps) {
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  return (
    <table>
      <caption class="unseen">{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th scope="col">{column}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr>
            {row.map((cell, index) => (
              <td class={wrappingOf(cell)} data-column={columns[index]}>
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What is more than a text knows by itself where it may be broken. */
function wrappingOf(cell: Child) {
  return typeof cell === "string" || typeof cell === "number" ? wrapping(String(cell)) : undefined;
}
