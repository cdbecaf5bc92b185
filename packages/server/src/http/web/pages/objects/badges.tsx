import { Badge, Time } from "../../parts/text.tsx";

/** In what state an object is, where it is not simply there. */
export function State({ deleted, withheld }: { deleted: boolean; withheld: string | null }) {
  return (
    <>
      {deleted && <Badge>deleted</Badge>} {withheld !== null && <Badge kind="warning">withheld</Badge>}
    </>
  );
}

interface WhenProps {
  /** `null`: never. */
  readonly done: { readonly time: string; readonly by: string } | null;
}

/** When something was done, and by whom. */
export function When({ done }: WhenProps) {
  if (done === null) return <span class="quiet">never</span>;
  return (
    <span>
      <Time value={done.time} /> by {done.by}
    </span>
  );
}
