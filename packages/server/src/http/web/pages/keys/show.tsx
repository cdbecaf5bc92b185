import { visible } from "@pstore/core/visible";
import { keyOf, type ShownKey } from "../../../../services/key-list.ts";
import { page } from "../../page.ts";
import { Said } from "../../parts/said.tsx";
import { Facts, Print, Time } from "../../parts/text.tsx";
import { html } from "../../reply.tsx";
import { UserLink } from "../users/parts.tsx";
import { askedKey } from "./asked.ts";
import { Encrypts, Expiry, KeyState, typeText, UserIds } from "./parts.tsx";
import { keyPath } from "./paths.ts";

export const showKey = page(
  { method: "GET", path: "/key", need: "staff", action: "list keys", query: askedKey },
  async ({ dependencies, query, visit, admin }) => {
    const key = await keyOf(dependencies.db, query.fingerprint);
    const { fingerprint } = key.facts;
    return await html(
      visit,
      { title: `A key of ${key.user}` },
      <>
        <KeyCard shown={key} />
        {admin.superuser && key.row.removed === null && (
          <div class="actions">
            <a class="button" href={keyPath(fingerprint, "/edit")}>
              Edit the description
            </a>
            <a class="button danger" href={keyPath(fingerprint, "/remove")}>
              Remove
            </a>
          </div>
        )}
        <h2>The key itself</h2>
        <pre tabindex={0}>
          <code>{visible(key.row.block)}</code>
        </pre>
      </>,
    );
  },
);

export function KeyCard({ shown: { user, row, facts } }: { shown: ShownKey }) {
  return (
    <div class="card">
      <Facts
        rows={[
          ["User", <UserLink name={user} />],
          ["State", <KeyState facts={facts} removed={row.removed} />],
          ["Type", typeText(facts.type)],
          ["Algorithm", facts.algorithm],
          ["Fingerprint", <Print value={facts.fingerprint} />],
          [facts.type === "ssh" ? "Comment" : "User ids", <UserIds userIds={facts.userIds} />],
          ["Encrypts", <Encrypts part={facts.encrypts} writeOnly={row.write_only === 1} type={facts.type} />],
          ["Expires", <Expiry expires={facts.expires} />],
          ["Description", row.description === "" ? "none" : <Said text={row.description} />],
          ["Added", <Time value={row.added} />],
          ...(row.removed === null ? [] : [["Removed", <Time value={row.removed} />] as const]),
        ]}
      />
    </div>
  );
}
