import * as v from "valibot";
import { pageOfKeys, type ShownKey } from "../../../../services/key-list.ts";
import { page } from "../../page.ts";
import { Field } from "../../parts/form.tsx";
import { Pager } from "../../parts/pager.tsx";
import { Said } from "../../parts/said.tsx";
import { Table } from "../../parts/table.tsx";
import { Badge } from "../../parts/text.tsx";
import { html } from "../../reply.tsx";
import { UserLink } from "../users/parts.tsx";
import { Expiry, KeyLink, KeyState, typeText } from "./parts.tsx";

const query = v.object({
  text: v.optional(v.pipe(v.string(), v.trim()), ""),
  /** The user and the fingerprint of the key before, neither of which holds a blank. */
  after: v.optional(v.pipe(v.string(), v.regex(/^\S+ \S+$/))),
});

export const listKeys = page(
  { method: "GET", path: "/keys", need: "staff", action: "list keys", query },
  async ({ dependencies, query: { text, after }, visit }) => {
    const [userName = "", fingerprint = ""] = after?.split(" ") ?? [];
    const place = after === undefined ? null : { userName, fingerprint };
    const { keys, next } = await pageOfKeys(dependencies.db, text, place);
    return await html(
      visit,
      { title: "Public keys" },
      <>
        <p>What values are encrypted to, and who signs in with what. A key is added on its user's page.</p>
        <form method="get" action="/keys" class="filters">
          <Field
            name="text"
            label="Part of a fingerprint, user, user id or description"
            type="search"
            value={text}
          />
          <div class="field">
            <button type="submit">Search</button>
          </div>
        </form>
        <Table
          caption="Public keys"
          columns={["User", "Fingerprint", "State", "Type", "Algorithm", "Reads", "Expires", "Description"]}
          rows={keys.map(row)}
          empty={text === "" ? "There is no key yet: add one on its user's page." : "No key fits."}
        />
        <Pager
          path="/keys"
          query={{ text, after }}
          next={next === null ? null : `${next.userName} ${next.fingerprint}`}
        />
      </>,
    );
  },
);

function row({ user, row, facts }: ShownKey) {
  return [
    <UserLink name={user} />,
    <KeyLink fingerprint={facts.fingerprint} />,
    <KeyState facts={facts} removed={row.removed} />,
    typeText(facts.type),
    facts.algorithm,
    row.write_only === 1 ? <Badge>write-only</Badge> : "yes",
    <Expiry expires={facts.expires} />,
    <Said text={row.description} />,
  ];
}
