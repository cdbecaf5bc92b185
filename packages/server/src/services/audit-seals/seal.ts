import { type Digest, digestOf } from "@pstore/core/digest";

/** One link of the chain in which the rows of the audit log are sealed: what its text says, see docs/formats.md. */
export interface Seal {
  /** The store's id. */
  readonly store: string;
  /** 1, 2, … without a gap. */
  readonly number: number;
  /** The digest of the seal before; `null` for the first one. */
  readonly previous: Digest | null;
  /** How many rows are sealed by it: 1 to 9,999, so that whoever checks them has room for them. */
  readonly events: number;
  /** The root of the Merkle tree over them, see rows.ts. */
  readonly root: Digest;
  /** By the clock of the server that made it, for people: nothing is decided by it. */
  readonly time: string;
  /** The host of that server. */
  readonly server: string;
}

/** A seal as people and the system log name it: by that alone all before it can be checked as well. */
export interface SealName {
  readonly number: number;
  readonly digest: Digest;
}

export function sealText(seal: Seal): string {
  const { store, number, previous, events, root, time, server } = seal;
  return [
    "pstore audit seal 1",
    `store ${store}`,
    `seal ${number}`,
    `previous ${previous ?? "-"}`,
    `events ${events} ${root}`,
    `time ${time}`,
    `server ${server}`,
    "",
  ].join("\n");
}

const form = new RegExp(
  [
    "^pstore audit seal 1",
    "store (?<store>[0-9a-f-]{36})",
    "seal (?<number>[1-9][0-9]{0,9})",
    "previous (?<previous>-|[0-9a-f]{64})",
    "events (?<events>[1-9][0-9]{0,3}) (?<root>[0-9a-f]{64})",
    "time (?<time>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z)",
    "server (?<server>[!-~]{1,255})",
    "$",
  ].join("\n"),
);

/** What a text says; `null` where it is no seal's, from the first byte to the last. */
export function parseSeal(text: string): Seal | null {
  const groups = form.exec(text)?.groups;
  if (groups === undefined) return null;
  const { store = "", number, previous = "", events, root = "", time = "", server = "" } = groups;
  return {
    store,
    number: Number(number),
    previous: previous === "-" ? null : previous,
    events: Number(events),
    root,
    time,
    server,
  };
}

/** The digest of a seal is that of its text: the next one names it. */
export function nameOf(number: number, text: string): SealName {
  return { number, digest: digestOf(text) };
}

export function shownName({ number, digest }: SealName): string {
  return `${number}:${digest}`;
}
