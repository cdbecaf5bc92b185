import type { CheckResult, Health } from "../../../../services/health.ts";
import { Table } from "../../parts/table.tsx";
import { counted, Facts, Notice, sizeText, Time } from "../../parts/text.tsx";

/** Revisions that nobody signed. */
export function Unsigned({ count }: { count: number }) {
  return (
    <>
      <h2>Unsigned revisions</h2>
      {count === 0 ? (
        <p>Every revision has a signature.</p>
      ) : (
        <Notice kind="warning">
          <p>
            {counted(count, "revision has", "revisions have")} no signature, so that nobody can tell who made
            them. Clients refuse them; whoever accepts one nevertheless should compare its values first.
          </p>
        </Notice>
      )}
    </>
  );
}

/** How much there is. */
export function Sizes({ health, seesAll }: { health: Health; seesAll: boolean }) {
  const { last, withheld, uploads } = health;
  const withheldText = withheld === 0 ? "none" : counted(withheld, "object");
  return (
    <>
      <h2>Store</h2>
      <div class="card">
        <Facts
          rows={[
            [
              "Withheld now",
              seesAll && withheld > 0 ? <a href="/objects?state=withheld">{withheldText}</a> : withheldText,
            ],
            [
              "Uploads under way now",
              uploads.count === 0
                ? "none"
                : `${counted(uploads.count, "upload")}, ${sizeText(uploads.size)} of them complete`,
            ],
            ...(last === null ? [] : sizesOf(last.result)),
          ]}
        />
      </div>
      {last !== null && seesAll && <Largest largest={last.result.largest} />}
      {last !== null && (
        <p class="hint">
          Sizes are of <Time value={last.finished} />, without wrapped keys, signatures and what the database
          itself needs.
        </p>
      )}
    </>
  );
}

function sizesOf({ bytes, auditRows }: CheckResult): [string, string][] {
  return [
    ["Present values", sizeText(bytes.current)],
    ["Earlier values that are kept", sizeText(bytes.kept)],
    ["Log", counted(auditRows, "row")],
  ];
}

function Largest({ largest }: { largest: CheckResult["largest"] }) {
  return (
    <>
      <h3>Largest objects</h3>
      <Table
        caption="The largest objects, with their earlier values"
        columns={["Object", "Size"]}
        empty="No object has a value."
        rows={largest.map(({ id, name, size }) => [<a href={`/objects/${id}`}>{name}</a>, sizeText(size)])}
      />
    </>
  );
}
