/** The way to the next page of a list, and back to its first. */
export function Pager({
  path,
  query,
  next,
}: {
  path: string;
  query: Readonly<Record<string, string | undefined>>;
  next: string | null;
}) {
  const { after, ...rest } = query;
  if (next === null && after === undefined) return null;
  return (
    <nav class="pager" aria-label="Pages">
      {after !== undefined && <a href={withQuery(path, rest)}>First page</a>}
      {next !== null && (
        <a href={withQuery(path, { ...rest, after: next })} rel="next">
          Next page
        </a>
      )}
    </nav>
  );
}

/** A path with parameters; those without a value are left out. */
export function withQuery(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== "") parameters.set(name, value);
  const text = parameters.toString();
  return text === "" ? path : `${path}?${text}`;
}
