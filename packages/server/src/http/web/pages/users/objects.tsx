import type { SomeObjects } from "../../../../services/dependents.ts";
import { withQuery } from "../../parts/pager.tsx";
import { Said } from "../../parts/said.tsx";
import { Badge } from "../../parts/text.tsx";

/** Some objects of a user by name, and the way to the rest. */
export function ObjectList({ objects, user }: { objects: SomeObjects; user: string }) {
  const rest = objects.count - objects.first.length;
  return (
    <ul class="names">
      {objects.first.map(({ id, name, access, pending }) => (
        <li>
          <a href={`/objects/${id}`}>
            <Said text={name} />
          </a>{" "}
          ({access === "write" ? "reads and writes" : "reads"})
          {pending === 1 && (
            <>
              {" "}
              <Badge kind="warning">waits to be let in</Badge>
            </>
          )}
        </li>
      ))}
      {rest > 0 && (
        <li>
          <a href={withQuery("/objects", { user })}>and {rest.toLocaleString("en-US")} more</a>
        </li>
      )}
    </ul>
  );
}
