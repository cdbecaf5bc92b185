import type { CheckResult } from "../../../../services/health.ts";
import { warnedDays } from "../../../../services/key-facts.ts";
import { Table } from "../../parts/table.tsx";
import { counted } from "../../parts/text.tsx";
import { Expiry, KeyLink } from "../keys/parts.tsx";
import { UserLink } from "../users/parts.tsx";
import { More } from "./more.tsx";

/** Keys that expire soon, or have expired. */
export function EndingKeys({ ending }: { ending: CheckResult["ending"] }) {
  return (
    <>
      <h2>Keys that expire</h2>
      {ending.count > 0 && (
        <p>
          Their users extend them, and a new copy is added here; with an expired key nobody can sign in, and
          nothing is encrypted to it.
        </p>
      )}
      <Table
        caption="Keys of active users that expire soon, or have expired"
        columns={["User", "Public key", "Expires"]}
        empty={`No key of an active user has expired, or expires within ${warnedDays} days.`}
        rows={ending.shown.map(({ user, fingerprint, expires }) => [
          <UserLink name={user} />,
          <KeyLink fingerprint={fingerprint} />,
          <Expiry expires={new Date(expires)} />,
        ])}
      />
      <More list={ending} />
    </>
  );
}

/** Active users for whom nothing can be encrypted. */
export function KeylessUsers({ keyless }: { keyless: CheckResult["keyless"] }) {
  return (
    <>
      <h2>Users without a usable key</h2>
      {keyless.count > 0 && (
        <p>
          They cannot use pstore until a key is added on their page; who has a write-only key left can write,
          and read nothing.
        </p>
      )}
      <Table
        caption="Active users without a usable key"
        columns={["User", "Why"]}
        empty="Every active user has a usable key, and one that reads unless all of theirs are write-only."
        rows={keyless.shown.map(({ user, keys, writes }) => [
          <UserLink name={user} />,
          writes
            ? `${counted(keys, "key")}, of which only write-only ones are good for anything`
            : keys === 0
              ? "no key was added"
              : `${counted(keys, "key")}, expired, revoked or good for nothing for another reason`,
        ])}
      />
      <More list={keyless} />
    </>
  );
}
