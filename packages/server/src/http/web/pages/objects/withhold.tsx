import { Problem } from "@pstore/core/problem";
import { anyObject, stopWithholding, withhold } from "../../../../services/withholding.ts";
import { type Page, page } from "../../page.ts";
import { Post } from "../../parts/form.tsx";
import { html, redirect } from "../../reply.tsx";
import type { Visit } from "../../visit.ts";
import { NotRevoked, objectId } from "./show.tsx";

export const withholdingPages: readonly Page[] = [
  page(
    { method: "GET", path: "/objects/:id/withhold", need: "superuser", action: "withhold" },
    async ({ dependencies: { db }, path, visit }) => {
      const object = await anyObject(db, objectId(path["id"]));
      refuseState(object, false);
      return html(
        visit,
        { title: `Withhold '${object.name}'?` },
        <div class="card">
          <p>From the moment you withhold it:</p>
          <ul>
            <li>
              The server gives it to nobody: not in lists, not by its name, neither its values nor its
              history.
            </li>
            <li>Nobody can change, rename, delete or restore it.</li>
            {object.live_name !== null && <li>Its name stays taken: no other object can have it.</li>}
            <li>
              Clients of members who know it say that the server withholds it. Nothing is signed for that,
              since there is no private key here to sign with.
            </li>
            <li>Nothing of it is lost. When you show it again, everything is as before.</li>
          </ul>
          <NotRevoked />
          <Confirm visit={visit} id={object.id} action="withhold" label="Withhold it" danger />
        </div>,
      );
    },
  ),
  page(
    { method: "POST", path: "/objects/:id/withhold", need: "superuser", action: "withhold" },
    async ({ dependencies: { db }, admin, path }) => {
      const id = objectId(path["id"]);
      await withhold(db, admin, id);
      return redirect(`/objects/${id}`, "withheld");
    },
  ),
  page(
    { method: "GET", path: "/objects/:id/stop-withholding", need: "superuser", action: "stop withholding" },
    async ({ dependencies: { db }, path, visit }) => {
      const object = await anyObject(db, objectId(path["id"]));
      refuseState(object, true);
      return html(
        visit,
        { title: `Show '${object.name}' again?` },
        <div class="card">
          <p>
            Its members have access again as before it was withheld, each with the keys that it is encrypted
            to.
          </p>
          <Confirm visit={visit} id={object.id} action="stop-withholding" label="Show it again" />
        </div>,
      );
    },
  ),
  page(
    { method: "POST", path: "/objects/:id/stop-withholding", need: "superuser", action: "stop withholding" },
    async ({ dependencies: { db }, admin, path }) => {
      const id = objectId(path["id"]);
      await stopWithholding(db, admin, id);
      return redirect(`/objects/${id}`, "shown-again");
    },
  ),
];

interface ConfirmProps {
  readonly visit: Visit;
  readonly id: string;
  readonly action: string;
  readonly label: string;
  readonly danger?: boolean;
}

function Confirm({ visit, id, action, label, danger = false }: ConfirmProps) {
  return (
    <Post visit={visit} action={`/objects/${id}/${action}`}>
      <p class="actions">
        <button type="submit" class={danger ? "danger" : undefined}>
          {label}
        </button>
        <a href={`/objects/${id}`}>Back to the object</a>
      </p>
    </Post>
  );
}

/** @throws Problem `conflict` where there is nothing to confirm */
function refuseState({ name, withheld }: { name: string; withheld: string | null }, shouldBe: boolean): void {
  if ((withheld !== null) === shouldBe) return;
  throw new Problem("conflict", shouldBe ? `'${name}' is not withheld` : `'${name}' is withheld already`);
}
