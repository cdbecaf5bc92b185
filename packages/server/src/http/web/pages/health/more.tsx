import type { Child } from "hono/jsx";

interface MoreProps {
  readonly list: { readonly shown: readonly unknown[]; readonly count: number };
  /** Where to see them. */
  readonly children?: Child;
}

/** How many more there are than a table shows. */
export function More({ list, children }: MoreProps) {
  const more = list.count - list.shown.length;
  if (more <= 0) return null;
  return (
    <p>
      And {more.toLocaleString("en-US")} more. {children}
    </p>
  );
}
