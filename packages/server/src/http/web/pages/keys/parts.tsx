import { type Fingerprint, readable } from "@pstore/core/fingerprint";
import type { KeyPart } from "@pstore/core/keys/parts";
import { daysLeft, type KeyFacts } from "../../../../services/key-facts.ts";
import { Said } from "../../parts/said.tsx";
import { Badge, counted, Print } from "../../parts/text.tsx";
import { keyPath } from "./paths.ts";

/** A fingerprint, as the way to its key. */
export function KeyLink({ fingerprint }: { fingerprint: Fingerprint }) {
  return (
    <a href={keyPath(fingerprint)}>
      <code class="print">{readable(fingerprint)}</code>
    </a>
  );
}

export function typeText(type: KeyFacts["type"]): string {
  return type === "ssh" ? "SSH" : "OpenPGP";
}

const faults: Readonly<Record<NonNullable<KeyFacts["fault"]>, string>> = {
  expired: "expired",
  revoked: "revoked",
  unusable: "cannot be used",
};

/** Whether a key is good for anything, in a word. */
export function KeyState({ facts, removed }: { facts: Pick<KeyFacts, "fault">; removed: string | null }) {
  if (removed !== null) return <Badge>removed</Badge>;
  if (facts.fault !== null) return <Badge kind="bad">{faults[facts.fault]}</Badge>;
  return <Badge kind="good">usable</Badge>;
}

/** A date, with a warning before it comes. */
export function Expiry({ expires }: { expires: Date | null }) {
  if (expires === null) return <>never</>;
  const date = expires.toISOString();
  const days = daysLeft(expires, new Date());
  return (
    <>
      <time datetime={date} title={date}>
        {date.slice(0, 10)}
      </time>
      {days === 0 && (
        <>
          {" "}
          <Badge kind="bad">expired</Badge>
        </>
      )}
      {days !== null && days > 0 && (
        <>
          {" "}
          <Badge kind="warning">in {counted(days, "day")}</Badge>
        </>
      )}
    </>
  );
}

/** What a key says of its holder. */
export function UserIds({ userIds }: { userIds: readonly string[] }) {
  if (userIds.length === 0) return <>none</>;
  return (
    <>
      {userIds.map((id) => (
        <div>
          <Said text={id} />
        </div>
      ))}
    </>
  );
}

interface EncryptsProps {
  readonly part: KeyPart | null;
  readonly writeOnly: boolean;
  readonly type: KeyFacts["type"];
}

/** Which part of a key values are encrypted to. */
export function Encrypts({ part, writeOnly, type }: EncryptsProps) {
  if (writeOnly) return <>no: it is write-only, signs in and writes</>;
  if (part === null) return <>no</>;
  if (type === "ssh") return <>with itself</>;
  return (
    <>
      with its part {part.algorithm} <Print value={part.fingerprint} />
    </>
  );
}
