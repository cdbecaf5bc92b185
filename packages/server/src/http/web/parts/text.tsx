import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import type { Child } from "hono/jsx";

interface TimeProps {
  /** RFC 3339 in UTC, as the tables hold it. */
  readonly value: string | null;
  /** To the second, and in UTC also where scripts run: what days in UTC are looked for in must show them. */
  readonly exact?: boolean;
}

/** A time, to the minute; the rest is in its title. */
export function Time({ value, exact = false }: TimeProps) {
  if (value === null) return <>never</>;
  return (
    <time datetime={value} title={value} class={exact ? "exact" : undefined}>
      {`${value.slice(0, 10)} ${value.slice(11, exact ? 19 : 16)} UTC`}
    </time>
  );
}

/** A fingerprint in groups that can be compared with the eye. */
export function Print({ value }: { value: Fingerprint }) {
  return <code class="print">{readable(value)}</code>;
}

/** A word that sets a row apart. */
export function Badge({
  kind = "plain",
  children,
}: {
  kind?: "plain" | "good" | "warning" | "bad";
  children?: Child;
}) {
  return <span class={`badge ${kind}`}>{children}</span>;
}

/** Something that the reader should not overlook. */
export function Notice({ kind, children }: { kind: "good" | "warning" | "bad" | "plain"; children?: Child }) {
  return (
    <div class={`notice ${kind}`} role={kind === "bad" ? "alert" : undefined}>
      {children}
    </div>
  );
}

/** Names and what they say of one thing. */
export function Facts({ rows }: { rows: readonly (readonly [string, Child])[] }) {
  return (
    <dl class="facts">
      {rows.map(([name, value]) => (
        <div>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];

/** A size in bytes, for people. */
export function sizeText(bytes: number): string {
  let size = bytes;
  let unit = 0;
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024;
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}

/** `1 object`, `2 objects`. */
export function counted(count: number, one: string, several = `${one}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : several}`;
}

/** As sentences of problems stand alone on a page: with a capital letter, and a full stop. */
export function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.?!]$/.test(first) ? first : `${first}.`;
}
